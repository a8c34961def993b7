"""Turn what the SDK raises, and what Nova says of a failed server, into this system's errors."""

from __future__ import annotations

import re
from http import HTTPStatus

import requests
from keystoneauth1 import exceptions as keystone

from chalicelib.adapters.openstack.fault_rules import ASK_OPERATOR, FAULTS, RULES
from chalicelib.adapters.openstack.sdk import exceptions as sdk
from chalicelib.adapters.openstack.transport import Call
from chalicelib.adapters.openstack.wording import plain, with_source
from chalicelib.domain.errors import (
    CloudCredentialsRefused,
    CloudError,
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
)

# The last four are how the SDK trips over a body that is not JSON or has another shape.
SDK_ERRORS = (
    sdk.SDKException,
    keystone.ClientException,
    requests.RequestException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)


def fault_in_words(message: str) -> str:
    """Return what a server's ERROR fault means and what the user can do."""
    text = plain(message)
    for start, advice in FAULTS:
        if re.match(start, text):
            return with_source(advice, text)
    return with_source(f"The VM failed in the cloud: try again. {ASK_OPERATOR}", text)


def domain_error(error: Exception, call: Call, *, is_repeatable: bool) -> CloudError:
    """Return the domain error for an exception of the SDK, keystoneauth or requests.

    Args:
        error: What was raised.
        call: The call in which it was raised: it knows whether a change was sent.
        is_repeatable: Whether a lost answer does no harm, for the call can be sent again.
    """
    status, text = _status_and_text(error)
    if status is not None and _is_server_error(status):
        return _lost(call, text, is_repeatable=is_repeatable)
    if status is not None:
        return _refusal(status, text, is_login=isinstance(error, keystone.HttpError))
    if isinstance(error, sdk.DuplicateResource):
        return CloudRefused(with_source("That name fits several objects: use the id.", text))
    if call.is_unanswered or isinstance(
        error, keystone.ConnectionError | requests.RequestException
    ):
        return _lost(call, "", is_repeatable=is_repeatable)
    if isinstance(error, sdk.ConfigException | keystone.ClientException):
        return CloudCredentialsRefused(
            with_source("This site's OpenStack settings (clouds.yaml) are wrong.", text)
        )
    return _lost(
        call, "the answer is not what OpenStack's API promises", is_repeatable=is_repeatable
    )


def _is_server_error(status: int) -> bool:
    # 501 is a decision, not an accident.
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED


def _refusal(status: int, text: str, *, is_login: bool) -> CloudError:
    if is_login and status in {401, 403, 404}:
        return CloudCredentialsRefused(
            with_source("OpenStack refuses this site's credentials.", text)
        )
    for rule in RULES:
        if status in rule.statuses and re.match(rule.start, text):
            return rule.error(with_source(rule.advice, text))
    return CloudRefused(with_source(f"OpenStack refused this ({status}). {ASK_OPERATOR}", text))


def _lost(call: Call, text: str, *, is_repeatable: bool) -> CloudError:
    if call.is_change_open and not is_repeatable:
        return CloudOutcomeUnknown(
            with_source("OpenStack gave no clear answer; whether it acted is looked up.", text)
        )
    return CloudUnreachable(
        with_source("OpenStack cannot be reached or is failing; try again later.", text)
    )


def _status_and_text(error: Exception) -> tuple[int | None, str]:
    if isinstance(error, sdk.HttpException):
        return error.status_code, plain(error.details or "")
    if isinstance(error, keystone.HttpError):
        return error.http_status, plain(error.message)
    return None, plain(error)
