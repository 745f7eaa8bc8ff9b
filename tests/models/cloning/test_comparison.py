import pytest

from models.cloning.comparison import is_said


@pytest.mark.parametrize(
    ("text", "heard", "language"),
    [
        ("The harbour master counted seven ships.", "the harbor master counted 7 ships", "en"),
        ("On the twelfth of March, nineteen eighty four.", "On March 12th, 1984.", "en"),
        ("Leave a message on my voice mail.", "Leave a message on my voicemail!", "en-GB"),
        ("Hola, ¿qué tal estás?", "Hola que tal estas", "es"),
        ("明るく静かな朝でした。", "明るく静かな朝でした", "ja"),
        ("Quelle heure est-il?", "Quelle heure est il", None),
        ("नमस्ते, आप कैसे हैं?", "नमस्ते आप कैसे हैं", "hi"),
    ],
)
def test_what_is_written_otherwise_is_said_all_the_same(text: str, heard: str, language: str | None) -> None:
    assert is_said(text, heard, language)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("She opened the window.", ""),
        ("She opened the window.", "Thank you for watching."),
        ("She opened the window.", "She opened the window. She opened the window."),
        ("She opened the window and looked at the garden.", "She opened."),
        ("明るく静かな朝でした。", "ありがとうございました"),
    ],
)
def test_what_is_not_the_text_is_not_said(text: str, heard: str) -> None:
    assert not is_said(text, heard)
