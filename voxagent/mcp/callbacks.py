"""What a server may ask of us: the user's answers, folders, the agent's model; and what it tells."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ..errors import said_by
from ..fanout.threads import in_thread
from ..tools.context import RunContext
from .connection import MODERN
from .eliciting import completed, misfits
from .options import Elicit, Elicitation, MCPOptions, Roots, folders
from .sampling import ignored, messages_of, result_of, settings_of
from .secrets import Secrets
from .waiting import Requests

logger: logging.Logger = logging.getLogger("voxagent.mcp")

MAX_LOGGED = 10_000
INTERNAL_ERROR = -32_603
INVALID_PARAMS = -32_602
LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "alert": logging.CRITICAL,
    "emergency": logging.CRITICAL,
}


class Callbacks:
    """The callbacks of one server.

    Args:
        server: Name of the server.
        options: What it may ask.
        requests: What waits for the server; a question is asked for one of them.
        on_tools_changed: Called when the server says that its tools have changed.
        secrets: What must not be shown.
    """

    def __init__(
        self,
        server: str,
        options: MCPOptions,
        requests: Requests,
        on_tools_changed: Callable[[], object],
        secrets: Secrets,
    ) -> None:
        self._server = server
        self._options = options
        self._requests = requests
        self._on_tools_changed = on_tools_changed
        self._secrets = secrets

    def arguments(self) -> dict[str, Any]:
        """What `mcp.Client` is told of them: only what is offered is announced to the server."""
        offered: dict[str, Any] = {
            "logging_callback": self.logged,
            "log_level": self._options.get("log_level", "warning"),
            "message_handler": self.noticed,
        }
        if self._options.get("elicit") is not None:
            offered["elicitation_callback"] = self.elicited
        if self._options.get("roots") is not None:
            offered["list_roots_callback"] = self.rooted
        if self._options.get("sampling"):
            offered["sampling_callback"] = self.sampled
        return offered

    async def noticed(self, message: Any) -> None:
        """Something came that nobody asked for."""
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self._on_tools_changed()

    async def logged(self, params: Any) -> None:
        """The server logs something."""
        level = LEVELS.get(str(params.level), logging.INFO)
        if level < LEVELS[self._options.get("log_level", "warning")]:
            return
        said = f"{params.logger}: {params.data}" if params.logger else str(params.data)
        logger.log(level, "%s: %s", self._server, self._secrets.text(said)[:MAX_LOGGED])

    async def connected(self, client: Any) -> None:
        """Tell a server of before 2026-07-28 which log messages are wanted; each request tells later ones."""
        from mcp import MCPError
        from mcp.types import EmptyResult, SetLevelRequest, SetLevelRequestParams

        if client.protocol_version >= MODERN or client.server_capabilities.logging is None:
            return
        params = SetLevelRequestParams(level=self._options.get("log_level", "warning"))
        try:
            await client.session.send_request(SetLevelRequest(params=params), EmptyResult)
        except MCPError as error:
            logger.debug("%s does not take a log level: %s", self._server, error.message)

    async def elicited(self, context: Any, params: Any) -> Any:
        """The server wants to know something of the user."""
        request = self._requests.asking()
        schema: Mapping[str, Any] | None = getattr(params, "requested_schema", None)
        question = Elicitation(
            self._server,
            self._secrets.text(params.message),
            schema,
            getattr(params, "url", None),
            None if request is None else request.run,
        )
        answer = await self._requests.answered(request, self._elicited(question))
        return answer or _refused("nobody waits for the answer any more")

    async def _elicited(self, question: Elicitation) -> Any:
        elicit = cast("Elicit", self._options.get("elicit"))
        try:
            answer = await _called(lambda: elicit(question), elicit)
        except Exception as error:  # the server is told that it failed
            return self._failed("elicit=", error, "the user could not be asked")
        match answer:
            case None | "decline":
                return _elicit_result("decline")
            case "cancel":
                return _elicit_result("cancel")
            case Mapping():
                return self._accepted(question, cast("Mapping[str, Any]", answer))
            case _:
                wrong = TypeError(f"it gave a {type(answer).__name__}, and a dict or None is expected")
                return self._failed("elicit=", wrong, "the user could not be asked")

    def _accepted(self, question: Elicitation, answer: Mapping[str, Any]) -> Any:
        if question.schema is None:
            return _elicit_result("accept")
        whole = completed(answer, question.schema)
        wrong = misfits(whole, question.schema)
        if wrong:
            error = ValueError(f"the answer does not fit the schema: {'; '.join(wrong)}")
            return self._failed("elicit=", error, "the answer does not fit the schema")
        try:
            return _elicit_result("accept", whole)
        except ValueError:  # which tells the values
            error = ValueError("the answer holds more than texts, numbers, truths and lists of texts")
            return self._failed("elicit=", error, "the answer does not fit the schema")

    async def rooted(self, context: Any) -> Any:
        """The server wants to know its folders."""
        answer = await self._requests.answered(self._requests.asking(), self._rooted())
        return answer or _refused("nobody waits for the answer any more")

    async def _rooted(self) -> Any:
        from mcp.types import ListRootsResult, Root
        from pydantic import FileUrl

        roots = cast("Roots", self._options.get("roots"))
        try:
            found = await _called(roots, roots) if callable(roots) else roots
            return ListRootsResult(roots=[Root(uri=FileUrl(uri_of(each))) for each in folders(found)])
        except Exception as error:  # the server is told that it failed
            return self._failed("roots=", error, "the folders are not known")

    async def roots_changed(self, client: Any) -> None:
        """Tell a server of before 2026-07-28; later ones ask whenever they need them."""
        from mcp.types import RootsListChangedNotification

        if client.protocol_version < MODERN:
            await client.session.send_notification(RootsListChangedNotification())

    async def sampled(self, context: Any, params: Any) -> Any:
        """The server wants the model of a run to answer something."""
        if params.tools or params.tool_choice is not None:
            return _refused("tools in sampling are not supported", INVALID_PARAMS)
        request = self._requests.asking() or self._requests.next()
        if request is None or request.run is None:
            return _refused("no run is waiting for the server")
        for reason in ignored(params):
            logger.debug("sampling for the MCP server %r: %s", self._server, reason)
        answer = await self._requests.answered(request, self._sampled(request.run, params))
        return answer or _refused("nobody waits for the answer any more")

    async def _sampled(self, run: RunContext[Any], params: Any) -> Any:
        logger.info("the MCP server %r asks the model of run %s", self._server, run.run_id)
        try:
            messages = self._secrets.value(messages_of(params))
            system = self._secrets.text(params.system_prompt or "")
            answer = await run.view.ask(messages, system, settings_of(params))
        except Exception as error:  # the server is told that it failed
            return self._failed("sampling", error, "the model could not be asked")
        if not answer.text:
            return self._failed("sampling", ValueError(f"no text ({answer.finish_reason})"), "no answer")
        return result_of(answer)

    def _failed(self, what: str, error: Exception, told: str) -> Any:
        """Log why, and tell the server no more than it needs."""
        said = self._secrets.text(f"{type(error).__name__}: {said_by(error)}")[:MAX_LOGGED]
        logger.warning("%s failed for the MCP server %r: %s", what, self._server, said)
        return _refused(told)


async def _called(function: Callable[[], Any], given: Any) -> Any:
    """Call what the program handed in: a plain function in a thread, as it may block."""
    if inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(type(given).__call__):
        return await function()
    value = await in_thread(function, leave=True)
    return await value if inspect.isawaitable(value) else value


def _refused(why: str, code: int = INTERNAL_ERROR) -> Any:
    from mcp.types import ErrorData

    return ErrorData(code=code, message=why)


def _elicit_result(action: str, content: Mapping[str, Any] | None = None) -> Any:
    from mcp.types import ElicitResult

    return ElicitResult.model_validate({"action": action, "content": content})


def uri_of(root: str | os.PathLike[str]) -> str:
    """A folder or a URI as a URI."""
    if isinstance(root, str) and "://" in root:
        return root
    return Path(root).expanduser().resolve().as_uri()
