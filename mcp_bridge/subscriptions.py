"""Listening and reading by address, as the protocol server of the SDK is asked for it.

The SDK would let anybody listen to anything. Here an address is listened to only by who may read
it, and one that is hidden is refused as one that does not exist.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import (
    SUBSCRIPTION_ID_META_KEY,
    ResourceUpdated,
    event_to_notification,
)
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    EmptyResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplateReference,
    ServerCapabilities,
    SubscribeRequestParams,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from mcp_bridge import resources, sessions
from mcp_bridge.calls import Client
from mcp_bridge.results import problem_of
from mcp_bridge.signals import Signals
from teammcp.core.context import current_call
from teammcp.core.errors import AppError, InvalidInput, Unavailable

CLIENT = "teammcp.client"  # where the gate leaves the Client in the ASGI scope
SESSION = "teammcp.session"  # where it leaves the session, for requests that need one
NOT_FOUND = -32002  # before the 2026 revision, which says INVALID_PARAMS
Context = ServerRequestContext[Any, Any]


class TeamServer(Server[Any]):
    """The SDK's server, which says of its lists that they change only with the program."""

    def get_capabilities(self, *args: Any, **kwargs: Any) -> ServerCapabilities:
        offered = super().get_capabilities(*args, **kwargs)
        for lists in (offered.tools, offered.resources):
            if lists is not None:
                lists.list_changed = False
        return offered


def client_of(context: Context) -> Client:
    """The client that the gate let in with this request."""
    request: Any = context.request  # the HTTP request, on every leg that we serve
    client: Client = request.scope[CLIENT]
    return client


def refused(context: Context, error: AppError, uri: str = "") -> MCPError:
    """An error as the protocol has it, with the facts of a tool's."""
    code = INVALID_PARAMS
    if error.status >= 500:
        code = INTERNAL_ERROR
    elif error.status == 404 and context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        code = NOT_FOUND
    text, problem = problem_of(error, client_of(context).profile.names)
    named = {"uri": uri.encode("utf-8", "replace").decode()} if uri else {}
    return MCPError(code, text, data={**named, **problem})


async def list_resources(
    context: Context, params: PaginatedRequestParams | None
) -> ListResourcesResult:
    listed = {"resources": resources.listing()}
    return ListResourcesResult.model_validate(listed, by_name=False)


async def list_templates(
    context: Context, params: PaginatedRequestParams | None
) -> ListResourceTemplatesResult:
    listed = {"resourceTemplates": resources.templates()}
    return ListResourceTemplatesResult.model_validate(listed, by_name=False)


async def read(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    try:
        found = await resources.read(client_of(context), params.uri)
    except AppError as error:
        raise refused(context, error, params.uri) from None
    return ReadResourceResult.model_validate(found, by_name=False)


async def complete(context: Context, params: CompleteRequestParams) -> CompleteResult:
    if not isinstance(params.ref, ResourceTemplateReference):
        nothing = InvalidInput("There are no prompts.", next="Complete a template of resources.")
        raise refused(context, nothing)
    argument = params.argument
    try:
        found = await resources.complete(
            client_of(context), params.ref.uri, argument.name, argument.value
        )
    except AppError as error:
        raise refused(context, error, params.ref.uri) from None
    return CompleteResult.model_validate({"completion": found}, by_name=False)


async def subscribe(context: Context, params: SubscribeRequestParams) -> EmptyResult:
    member, session = client_of(context).member, _session_of(context)
    credential = current_call().credential_id
    assert credential is not None  # the gate lets nobody in without one
    try:
        await sessions.arun(partial(sessions.subscribe, member, credential, session, params.uri))
    except AppError as error:
        raise refused(context, error, params.uri) from None
    return EmptyResult()


async def unsubscribe(context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
    member, session = client_of(context).member, _session_of(context)
    await sessions.arun(partial(sessions.unsubscribe, member, session, params.uri))
    return EmptyResult()


def _session_of(context: Context) -> str:
    request: Any = context.request
    session: str | None = request.scope.get(SESSION)
    if session is None:  # the body is one that the gate cannot read, though the SDK can
        nothing = InvalidInput("This request is not plain JSON.", next="Send it as plain JSON.")
        raise refused(context, nothing)
    return session


async def listen(
    context: Context, params: SubscriptionsListenRequestParams
) -> SubscriptionsListenResult:
    """Serve one request to listen, which lasts as long as the listening does."""
    client = client_of(context)
    uris = list(dict.fromkeys(params.notifications.resource_subscriptions or ()))
    if len(uris) > sessions.MOST_URIS:
        most = InvalidInput(
            f"A request may listen to {sessions.MOST_URIS} addresses.",
            next="Name fewer, or follow /api/events/stream/.",
        )
        raise refused(context, most)
    meta: Any = {SUBSCRIPTION_ID_META_KEY: context.request_id}
    async with Signals(client.who, lambda: uris, member=client.member) as signals:
        if uris and not signals.readable:
            error = signals.refusal or Unavailable("Not now.", next="Listen again.")
            raise refused(context, error, uris[0])
        await _acknowledge(context, signals.readable, meta)
        async for signal in signals.told():
            if signal is not None:  # signs of life are the SDK's
                event = event_to_notification(ResourceUpdated(signal.uri), meta)
                await _send(context, event)
    return SubscriptionsListenResult(_meta=meta)


async def _acknowledge(context: Context, readable: list[str], meta: Any) -> None:
    """Say first what will be signalled: what the listener may read."""
    honoured = SubscriptionFilter(resource_subscriptions=readable or None)
    params = SubscriptionsAcknowledgedNotificationParams(notifications=honoured, _meta=meta)
    await _send(context, SubscriptionsAcknowledgedNotification(params=params))


async def _send(context: Context, notification: Any) -> None:
    request_id = context.request_id
    assert request_id is not None  # else it would be no request
    await context.session.send_notification(notification, related_request_id=request_id)
