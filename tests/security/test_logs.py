"""Log records leave without secrets, or empty."""

import io
import logging
import sys

import pytest

from voxagent.security import RedactingLogFilter, SecretRegistry

SECRET = "hunter2hunter2"


class Url:
    def __str__(self) -> str:
        return f"https://api.example/?key={SECRET}"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Log:
    """A logger of its own that writes to a text."""

    def __init__(self, registry: SecretRegistry) -> None:
        self.logger = logging.Logger("test")
        self.stream = io.StringIO()
        self.records: list[logging.LogRecord] = []
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(logging.Formatter("%(message)s"))
        self.logger.addHandler(handler)
        self.logger.addFilter(RedactingLogFilter(registry))
        handler.addFilter(lambda record: self.records.append(record) or True)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def log() -> Log:
    registry = SecretRegistry()
    registry.register_value("key", SECRET)
    return Log(registry)


def test_a_secret_in_message_and_arguments_is_replaced(log: Log) -> None:
    log.logger.warning("%s to %s took %d ms", "GET", Url(), 12)
    log.logger.warning(f"it is {SECRET}")
    log.logger.warning("hunter2%s", "hunter2")
    assert log.text.splitlines() == [
        "GET to https://api.example/?key=[REDACTED:key] took 12 ms",
        "it is [REDACTED:key]",
        "[REDACTED:key]",
    ]


@pytest.mark.parametrize(
    "args",
    [
        ({"name": "ada", "password": SECRET},),
        ({"name": "ada", SECRET: 1},),
        ({"name": "ada", "url": Url()},),
    ],
)
def test_an_argument_that_the_message_does_not_tell_is_taken_away(args: tuple[object], log: Log) -> None:
    log.logger.warning("user %(name)s has 100 %%", *args)
    assert log.text == "user ada has 100 %\n"
    assert (log.records[0].msg, log.records[0].args) == ("user ada has 100 %", ())


@pytest.mark.parametrize("arg", [SECRET, SECRET.encode(), Url(), (SECRET,)])
def test_an_argument_that_the_message_cuts_is_taken_away(arg: object, log: Log) -> None:
    log.logger.warning("it begins with %.1s", arg)
    assert log.text == f"it begins with {str(arg)[:1]}\n"
    assert log.records[0].args == ()


def test_arguments_that_are_no_tuple_are_left_if_they_are_clean(log: Log) -> None:
    for args in (["a"], [SECRET], {"name": "ada"}):
        log.logger.handle(logging.makeLogRecord({"msg": "x", "args": args, "levelno": logging.INFO}))
    assert [record.args for record in log.records] == [["a"], (), {"name": "ada"}]


def test_a_clean_record_keeps_its_arguments(log: Log) -> None:
    log.logger.warning("%s took %d ms", "GET", 12, extra={"run": "r1", "tags": ["a"]})
    record = log.records[0]
    assert (record.msg, record.args, vars(record)["tags"]) == ("%s took %d ms", ("GET", 12), ["a"])


def test_extra_values_are_redacted_whatever_they_are(log: Log) -> None:
    log.logger.warning("x", extra={"body": {"password": [SECRET]}, "url": Url(), "count": 3})
    fields = vars(log.records[0])
    assert (fields["body"], fields["url"], fields["count"]) == (
        {"password": ["[REDACTED:key]"]},
        "https://api.example/?key=[REDACTED:key]",
        3,
    )


def test_a_traceback_is_redacted_and_a_clean_one_keeps_its_exception(log: Log) -> None:
    for text in (SECRET, "clean"):
        try:
            raise ValueError(f"bad {text}")
        except ValueError:
            log.logger.exception("failed")
    assert [record.exc_info is None for record in log.records] == [True, False]
    assert SECRET not in log.text
    assert "ValueError: bad [REDACTED:key]" in log.text
    assert "ValueError: bad clean" in log.text


def test_a_traceback_that_was_formatted_before_is_redacted_too(log: Log) -> None:
    record = logging.LogRecord("test", logging.ERROR, "f.py", 1, "failed", (), None)
    record.exc_text = f"ValueError: {SECRET}"
    log.logger.handle(record)
    assert log.text == "failed\nValueError: [REDACTED:key]\n"


def test_a_record_that_cannot_be_redacted_is_emptied_and_nothing_is_raised(log: Log) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.logger.warning("%s and %s", SECRET, Broken(), exc_info=sys.exc_info(), stack_info=True)
    assert log.text == "(a log record that could not be redacted was withheld)\n"


def test_a_record_without_an_exception_may_ask_for_its_traceback(log: Log) -> None:
    log.logger.warning("nothing raised", exc_info=True)
    assert log.text == "nothing raised\nNoneType: None\n"


def test_an_empty_registry_lets_records_pass_untouched() -> None:
    log = Log(SecretRegistry())
    log.logger.warning("it is %s", SECRET)
    assert log.records[0].args == (SECRET,)


class Told:
    def __str__(self) -> str:
        return "fine"

    def __repr__(self) -> str:
        return f"Told({SECRET})"


def test_an_object_whose_repr_shows_a_secret_is_found_wherever_it_stands(log: Log) -> None:
    log.logger.warning("x", extra={"many": [Told()], "one": Told(), "both": [SECRET, Url]})
    fields = vars(log.records[0])
    assert (fields["many"], fields["one"]) == ("[Told([REDACTED:key])]", "Told([REDACTED:key])")
    assert fields["both"] == ["[REDACTED:key]", Url]


def test_extra_values_that_hold_themselves_are_logged(log: Log) -> None:
    circle: list[object] = [SECRET]
    circle.append(circle)
    log.logger.warning("x", extra={"circle": circle})
    assert vars(log.records[0])["circle"] == ["[REDACTED:key]", "..."]
