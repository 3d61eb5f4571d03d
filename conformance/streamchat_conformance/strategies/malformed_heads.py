"""Requests whose HTTP is malformed: a valid POST of the endpoint but for one fault.

Three lists. `malformed_heads` holds field lines and lengths that a server cannot read without
breaking RFC 9112 or RFC 9110, and that servers in production refuse; it alone is fit for a
MUST. `ungrammatical_heads` holds lines outside the grammar, which RFC 9112 §2.2 says should be
refused, and of which servers in wide use accept some. `doubtful_heads` holds what the RFCs say
may be read leniently, or what widely used servers accept, each with the reason.
"""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.strategies.spoiling import (
    Malformation,
    MalformationRule,
    MalformedHead,
    RefusalStrength,
    RequestParts,
    heads_of,
    with_coding,
    with_field,
    with_first_field,
    with_length,
    with_line,
    with_method,
    with_name,
    with_version,
)

__all__ = ["doubtful_heads", "malformed_heads", "ungrammatical_heads"]


def malformed_heads(parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return the requests that a server has to answer with a 4xx, a 501, a 505 or a close.

    Raises ValueError where the body is too short to be a request.
    """
    return heads_of(_MALFORMED, parts)


def ungrammatical_heads(parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return the requests with a line that a server should refuse in the same ways.

    Raises ValueError where the body is too short to be a request.
    """
    return heads_of(_OUTSIDE_GRAMMAR, parts)


def doubtful_heads(parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return odd requests that one server may take and another refuse; nothing hangs on them.

    Where the RFC does say MUST, but many servers in use do not obey, `refusal` says MUST and
    `reason` says why the case is here.
    """
    return heads_of(_DOUBTFUL, parts)


_OUTSIDE_GRAMMAR = (
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3",
        "a request line is a method, a target and a version, with one space between them",
        RefusalStrength.SHOULD,
        (
            ("request-line-without-version", with_line(b"POST <target>")),
            ("request-line-without-target", with_line(b"POST HTTP/1.1")),
            ("request-line-of-four-words", with_line(b"POST <target> extra HTTP/1.1")),
            ("request-line-of-one-word", with_line(b"POST")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §2.3",
        "a version is `HTTP/`, a digit, a point and a digit",
        RefusalStrength.SHOULD,
        (
            ("version-minor-not-a-digit", with_version(b"HTTP/1.x")),
            ("version-without-minor", with_version(b"HTTP/1")),
            ("version-of-three-numbers", with_version(b"HTTP/1.1.1")),
            ("version-signed", with_version(b"HTTP/+1.1")),
            ("version-of-another-protocol", with_version(b"HTP/1.1")),
            ("version-without-name", with_version(b"1.1")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9110 §2.5, §15.6.6",
        "a server that does not implement a major version should answer 505",
        RefusalStrength.SHOULD,
        (
            ("version-9.9", with_version(b"HTTP/9.9")),
            ("version-2.0", with_version(b"HTTP/2.0")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9110 §9.1",
        "a method is a token: no control characters, no delimiters",
        RefusalStrength.SHOULD,
        (
            ("method-with-parenthesis", with_method(b"PO(ST")),
            ("method-with-space", with_method(b"PO ST")),
            ("method-quoted", with_method(b'"POST"')),
            ("method-with-control-character", with_method(b"PO\x01ST")),
            ("method-with-nul", with_method(b"POST\x00")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3.2",
        "a request target has no control characters",
        RefusalStrength.SHOULD,
        (("target-with-nul", with_line(b"POST <target>\x00 HTTP/1.1")),),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.1, RFC 9112 §5",
        "a field line is a name, which is a token and not empty, then a colon",
        RefusalStrength.SHOULD,
        (
            ("field-name-empty", with_field(b": 1")),
            ("field-name-with-space", with_field(b"X Unknown: 1")),
            ("field-name-with-nul", with_field(b"X-Un\x00known: 1")),
            ("field-name-with-control-character", with_field(b"X-Un\x01known: 1")),
            ("field-name-with-parentheses", with_field(b"X(Unknown): 1")),
            ("field-line-without-colon", with_field(b"X-Unknown")),
        ),
    ),
)

_MALFORMED = (
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9112 §5.1",
        "a server must answer 400 to whitespace between a field name and its colon",
        RefusalStrength.MUST,
        (
            ("space-before-colon", with_field(b"X-Unknown : 1")),
            ("tab-before-colon", with_field(b"X-Unknown\t: 1")),
            ("space-before-colon-of-host", with_name(b"Host", b"Host ")),
            ("space-before-colon-of-type", with_name(b"Content-Type", b"Content-Type ")),
            ("space-before-colon-of-length", with_name(b"Content-Length", b"Content-Length ")),
            (
                "space-before-colon-of-coding",
                lambda message: with_name(b"Transfer-Encoding", b"Transfer-Encoding ")(
                    message.coded(b" chunked")
                ),
            ),
        ),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.5, RFC 9112 §2.2",
        "a CR or NUL in a value makes it invalid, and dangerous behind lenient proxies",
        RefusalStrength.MUST,
        (
            ("field-value-with-nul", with_field(b"X-Unknown: a\x00b")),
            ("field-value-with-bare-cr", with_field(b"X-Unknown: a\rb")),
        ),
    ),
    MalformationRule(
        Malformation.LENGTH,
        "RFC 9112 §6.3",
        "a server must answer 400 to a Content-Length that is not decimal digits, and close",
        RefusalStrength.MUST,
        (
            ("length-of-letters", with_length("abc")),
            ("length-negative", with_length("-N")),
            ("length-with-plus", with_length("+N")),
            ("length-with-underscore", with_length("0_N")),
            ("length-hexadecimal", with_length("0xX")),
            ("length-with-fraction", with_length("N.0")),
            ("length-of-two-words", with_length("N N")),
            ("length-superscript-digit", with_length("\xb2")),
            ("length-with-parameter", with_length("N;a=b")),
        ),
    ),
    MalformationRule(
        Malformation.CODING,
        "RFC 9112 §6.3",
        "a server must answer 400 (or 501, §6.1) where chunked is not the last transfer coding",
        RefusalStrength.MUST,
        (
            ("coding-unknown", with_coding(b" x-unknown")),
            ("coding-chunked-not-last", with_coding(b" chunked, x-unknown")),
            ("coding-ends-like-chunked", with_coding(b" xchunked")),
            ("coding-begins-like-chunked", with_coding(b" chunkedx")),
            ("coding-after-vertical-tab", with_coding(b" \x0bchunked")),
        ),
    ),
)

_DOUBTFUL = (
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3",
        "a recipient may split the request line at any whitespace and drop what is around it",
        RefusalStrength.MAY,
        (
            ("request-line-with-two-spaces", with_line(b"POST  <target> HTTP/1.1")),
            ("request-line-with-tab", with_line(b"POST\t<target>\tHTTP/1.1")),
            ("request-line-with-space-at-end", with_line(b"POST <target> HTTP/1.1 ")),
            ("request-line-with-space-in-front", with_line(b" POST <target> HTTP/1.1")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9110 §2.5, §15.6.6",
        "well-formed versions that a server can refuse with 505, and need not",
        RefusalStrength.MAY,
        (
            ("version-1.2", with_version(b"HTTP/1.2")),
            ("version-0.9", with_version(b"HTTP/0.9")),
        ),
    ),
    MalformationRule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §2.3, §3.2",
        "outside the grammar, but read by common servers in the one obvious way",
        RefusalStrength.SHOULD,
        (
            ("version-name-in-lower-case", with_version(b"http/1.1")),
            ("version-minor-of-two-digits", with_version(b"HTTP/1.10")),
            ("target-with-fragment", with_line(b"POST <target>#fragment HTTP/1.1")),
            ("target-not-ascii", with_line(b"POST <target>?\xc3\xa9 HTTP/1.1")),
        ),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9112 §2.2",
        "a recipient may take a bare LF for a line's end",
        RefusalStrength.MAY,
        (("bare-lf-line-ends", lambda message: replace(message, line_end=b"\n")),),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9112 §2.2",
        "lines with whitespace in front, before the first field line, may be passed over",
        RefusalStrength.MAY,
        (("space-before-first-field", with_first_field(b" X-Unknown: 1")),),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9112 §5.2",
        "a folded line may be joined with spaces",
        RefusalStrength.MAY,
        (("folded-field-line", with_field(b"X-Unknown: a\r\n b")),),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.5",
        "control characters other than CR, LF and NUL may be kept in a value",
        RefusalStrength.MAY,
        (("field-value-with-control-character", with_field(b"X-Unknown: a\x01b")),),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.1",
        "outside the grammar, but nginx and others drop such lines and go on",
        RefusalStrength.SHOULD,
        (
            ("field-name-not-ascii", with_field(b"X-Unkn\xf6wn: 1")),
            ("field-name-quoted", with_field(b'"X-Unknown": 1')),
        ),
    ),
    MalformationRule(
        Malformation.FIELD_LINE,
        "RFC 9112 §3.2",
        "a MUST for 400 that most application servers do not obey; transport.host looks at it",
        RefusalStrength.MUST,
        (
            ("host-absent", lambda message: message.without(b"host")),
            ("host-twice", with_field(b"Host: other.example")),
            (
                "host-with-space",
                lambda message: message.without(b"host").adding(b"Host: a b"),
            ),
        ),
    ),
    MalformationRule(
        Malformation.LENGTH,
        "RFC 9112 §6.3",
        "several equal lengths may be read as one",
        RefusalStrength.MAY,
        (
            ("length-twice-in-a-list", with_length("N, N")),
            (
                "length-twice",
                lambda message: message.adding(b"Content-Length: %d" % len(message.body)),
            ),
        ),
    ),
    MalformationRule(
        Malformation.CODING,
        "RFC 9112 §6.1",
        "chunked is last, so the length is known; an unknown coding should get a 501",
        RefusalStrength.SHOULD,
        (
            ("coding-unknown-before-chunked", with_coding(b" x-unknown, chunked")),
            ("coding-chunked-twice", with_coding(b" chunked, chunked")),
        ),
    ),
)
