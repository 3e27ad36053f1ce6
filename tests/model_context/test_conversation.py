"""The recorded conversation, and the same made anew: no figure that no tool's text has."""

import asyncio
import json
import re

import pytest

from model_context.figures import figures, times
from model_context.record_conversation import PAGE, QUESTIONS, converse, page
from model_context.sessions import CALLS

#: Of a section: its calls with their texts, and the answer.
_CALL = re.compile(r"`(\w+)` with `(\{.*?\})`:\n\n```text\n(.*?)\n```", re.DOTALL)
_ANSWER = re.compile(r"^> (.*)$", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return {part.partition("\n")[0]: part for part in parts}


def hold(section: str) -> None:
    """Assert that every figure and time of an answer is in a text of its tools."""
    calls = _CALL.findall(section)
    (answer,) = _ANSWER.findall(section)
    texts = "\n".join(text for _, _, text in calls)
    assert set(figures(answer)) <= set(figures(texts))
    assert times(answer) <= times(texts)
    for tool, arguments, text in calls:
        assert tool in CALLS
        assert json.loads(arguments)["symbol"] in text


@pytest.mark.parametrize("question", [question.words for question in QUESTIONS])
def test_every_figure_of_a_recorded_answer_is_in_a_text_above_it(question: str) -> None:
    hold(sections(PAGE.read_text())[question])


def test_the_page_has_these_questions_and_no_other() -> None:
    assert list(sections(PAGE.read_text())) == [question.words for question in QUESTIONS]
    cited = [len(figures(answer)) for answer in _ANSWER.findall(PAGE.read_text())]
    assert len(cited) == 5
    assert sum(cited) >= 15


def test_a_conversation_of_today_holds_too(url: str) -> None:
    written = sections(page(asyncio.run(converse(url))))
    assert len(written) == 5
    for section in written.values():
        hold(section)


def test_a_figure_that_no_text_has_is_found() -> None:
    section = next(iter(sections(PAGE.read_text()).values()))
    with pytest.raises(AssertionError):
        hold(re.sub(r"^> SPX is at", "> SPX is at 12345.5, not", section, flags=re.MULTILINE))
