"""Renderers and parsers that others wrote (tests/judges), and the texts of which they judge what became."""

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from support import gfm_examples
from support.texts import LONGEST, real_texts

_JUDGES: Final = Path(__file__).parent.parent / "judges"
#: of real texts that are sent to vendors which take less than a whole item's body
_PART: Final = 6000


def judge(*arguments: str, given: str = "") -> list[Any]:
    """What tests/judges/judge.cjs prints. Skips where its packages are not installed."""
    node = shutil.which("node")
    if node is None or not (_JUDGES / "node_modules").exists():
        pytest.skip("the packages of tests/judges are not installed (make node)")
    command = [node, _JUDGES / "judge.cjs", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@functools.cache
def examples() -> tuple[str, ...]:
    """Every example of CommonMark's specification."""
    found = tuple(judge())
    assert len(found) > 600
    return found


@functools.cache
def plain_corpus() -> tuple[str, ...]:
    """The examples without HTML, in which it would be more than text, and real texts that fit."""
    plain = [example for example in (*examples(), *gfm_examples.EXAMPLES) if "<" not in example]
    assert len(plain) > 400
    texts = [text.replace("\r\n", "\n") for text in real_texts().values() if len(text) < LONGEST * 3 // 4]
    assert len(texts) > 100
    return *plain, *texts


@functools.cache
def whole_corpus() -> tuple[str, ...]:
    """Every example, those of GitHub's extensions among them, and the beginnings of real texts."""
    texts = {text.replace("\r\n", "\n")[:_PART] for text in real_texts().values()}
    assert len(texts) > 100
    return *examples(), *gfm_examples.EXAMPLES, *sorted(texts)


@functools.cache
def shown(texts: tuple[str, ...]) -> list[str]:
    """Each text as HTML, by comrak: the renderer of GitLab, made after GitHub's. HTML in it is shown as text."""
    return judge("render", given=json.dumps(texts))


@functools.cache
def plain(texts: tuple[str, ...]) -> list[bool]:
    """Whether each has no HTML, whose blocks end elsewhere for those to whom it is text from the beginning."""
    live = judge("live", given=json.dumps(texts))
    return [page == other for page, other in zip(shown(texts), live, strict=True)]
