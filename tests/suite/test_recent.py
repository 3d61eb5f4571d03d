"""Texts that were sent are remembered in bounded memory."""

from streamchat_conformance.suite.verdicts.recent_texts import RecentTexts


def test_the_oldest_text_is_forgotten_when_there_are_too_many() -> None:
    texts = RecentTexts(3)
    for text in ("a", "b", "c", "a", "d"):
        texts.add(text)
    assert len(texts) == 3
    assert [text for text in "abcd" if text in texts] == ["a", "c", "d"]
