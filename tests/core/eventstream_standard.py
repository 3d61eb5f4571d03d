"""The standard's own algorithms, step by step, with no thought of speed: the oracle of the tests.

Written after the text of WHATWG Encoding ("UTF-8 decode") and WHATWG HTML 9.2.5 and 9.2.6, and
sharing nothing with the parser: not even Python's decoder.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dispatched:
    type: str
    data: str
    last_event_id: str


def utf8_decode(stream: bytes) -> str:  # noqa: C901, PLR0912 (the standard's steps in one piece)
    """Run the UTF-8 decoder of WHATWG Encoding 8.1.1, in the mode that replaces errors."""
    if stream[:3] == b"\xef\xbb\xbf":
        stream = stream[3:]
    output: list[str] = []
    code_point = bytes_seen = bytes_needed = 0
    lower_boundary, upper_boundary = 0x80, 0xBF
    position = 0
    while True:
        if position == len(stream):
            if bytes_needed != 0:
                output.append("\ufffd")
            return "".join(output)
        byte = stream[position]
        position += 1
        if bytes_needed == 0:
            if byte <= 0x7F:
                output.append(chr(byte))
            elif 0xC2 <= byte <= 0xDF:
                bytes_needed = 1
                code_point = byte & 0x1F
            elif 0xE0 <= byte <= 0xEF:
                if byte == 0xE0:
                    lower_boundary = 0xA0
                if byte == 0xED:
                    upper_boundary = 0x9F
                bytes_needed = 2
                code_point = byte & 0xF
            elif 0xF0 <= byte <= 0xF4:
                if byte == 0xF0:
                    lower_boundary = 0x90
                if byte == 0xF4:
                    upper_boundary = 0x8F
                bytes_needed = 3
                code_point = byte & 0x7
            else:
                output.append("\ufffd")
            continue
        if not lower_boundary <= byte <= upper_boundary:
            code_point = bytes_needed = bytes_seen = 0
            lower_boundary, upper_boundary = 0x80, 0xBF
            position -= 1
            output.append("\ufffd")
            continue
        lower_boundary, upper_boundary = 0x80, 0xBF
        code_point = (code_point << 6) | (byte & 0x3F)
        bytes_seen += 1
        if bytes_seen == bytes_needed:
            output.append(chr(code_point))
            code_point = bytes_needed = bytes_seen = 0


def lines_of(text: str) -> list[str]:
    """Return the lines that have an end: CR LF, LF or CR."""
    lines = []
    line: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\r":
            if text[position : position + 1] == "\n":
                position += 1
        elif character != "\n":
            line.append(character)
            continue
        lines.append("".join(line))
        line = []
    return lines


@dataclass
class Client:
    """What the standard calls the event source, with the buffers of its interpretation."""

    events: list[Dispatched] = field(default_factory=list)
    last_event_id: str = ""
    retry_ms: int | None = None
    data_buffer: str = ""
    event_type_buffer: str = ""
    last_event_id_buffer: str = ""

    def process_line(self, line: str) -> None:
        if line == "":
            self.dispatch()
        elif line[0] == ":":
            return
        elif ":" in line:
            colon = line.index(":")
            name, value = line[:colon], line[colon + 1 :]
            if value[:1] == " ":
                value = value[1:]
            self.process_field(name, value)
        else:
            self.process_field(line, "")

    def process_field(self, name: str, value: str) -> None:
        if name == "event":
            self.event_type_buffer = value
        elif name == "data":
            self.data_buffer += value
            self.data_buffer += "\n"
        elif name == "id":
            if "\0" not in value:
                self.last_event_id_buffer = value
        elif name == "retry" and value != "":
            number = 0
            for character in value:
                if not "0" <= character <= "9":
                    return
                number = number * 10 + "0123456789".index(character)
            self.retry_ms = number

    def dispatch(self) -> None:
        self.last_event_id = self.last_event_id_buffer
        if self.data_buffer == "":
            self.event_type_buffer = ""
            return
        if self.data_buffer[-1] == "\n":
            self.data_buffer = self.data_buffer[:-1]
        event_type = "message"
        if self.event_type_buffer != "":
            event_type = self.event_type_buffer
        self.events.append(Dispatched(event_type, self.data_buffer, self.last_event_id))
        self.data_buffer = ""
        self.event_type_buffer = ""


def interpret(stream: bytes) -> Client:
    """Interpret a whole stream; what its end leaves in the buffers is discarded."""
    client = Client()
    for line in lines_of(utf8_decode(stream)):
        client.process_line(line)
    return client
