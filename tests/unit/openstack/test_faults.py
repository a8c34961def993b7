"""Each refusal that was measured on real services: its error here, and the advice in it."""

import json

import pytest
import requests
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from chalicelib.adapters.openstack.faults import domain_error, fault_in_words
from chalicelib.adapters.openstack.transport import Call
from chalicelib.adapters.openstack.wording import MAX_CHARACTERS, plain
from chalicelib.domain.errors import (
    CloudCredentialsRefused,
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
)

ID = "04efd4ae-1e1c-4ded-9da9-42c28599ef39"
NOT_ALLOWED = "may not do this"

REFUSED_CREATES = [
    (400, "Flavor nope could not be found.", "choose another flavor"),
    (400, "Can not find requested image", "choose another disk image"),
    (400, f"Image {ID} is not active.", "wait until it is uploaded"),
    (400, "Flavor's memory is too small for requested image.", "choose a larger flavor"),
    (
        400,
        (
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor "
            "disk is 1073741824 bytes, minimum size is 32212254720 bytes."
        ),
        "choose a larger flavor",
    ),
    (
        400,
        (
            "Flavor's disk is too small for requested image. Flavor disk is 1073741824 bytes, "
            "image is 1073741825 bytes."
        ),
        "choose a larger flavor",
    ),
    (403, "Only volume-backed servers are allowed for flavors with zero disk.", "with a disk"),
    (400, f"Network {ID} could not be found.", "choose another network"),
    (400, f"Port id {ID} could not be found.", "request the VM again"),
    (
        400,
        "Fixed IP address 10.99.3.160 is already in use on instance .",
        "request the VM again",
    ),
    (
        400,
        (
            "Invalid input for field/attribute server. Value: {'name': 'x'}. 'networks' is a "
            "required property"
        ),
        "tell the operator",
    ),
    (
        409,
        "Multiple possible networks found, use a Network ID to be more specific.",
        "name one",
    ),
    (400, "Invalid key_name provided.", "choose another key"),
    (400, "Unable to find security_group with name or id 'nope'", "security group"),
    (400, "The requested availability zone is not available", "availability zone"),
    (
        400,
        f"Invalid input for field/attribute name. Value: {'x' * 300}. too long",
        "choose a shorter friendly_name",
    ),
    (
        400,
        "Invalid input for field/attribute user_data. Value: I2Nsb3Vk. 'I2Nsb3Vk' is too long",
        "cloud-init data is too long",
    ),
    (403, "Maximum number of metadata items exceeds 128", NOT_ALLOWED),
    (
        403,
        "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances",
        "no instances left",
    ),
    (
        403,
        "Quota exceeded for cores: Requested 4, but already used 0 of 1 cores",
        "no virtual CPUs left",
    ),
    (
        403,
        "Quota exceeded for ram: Requested 512, but already used 0 of 256 ram",
        "no memory left",
    ),
    (403, "Maximum number of ports exceeded", "no network ports left"),
    (409, "Quota exceeded for resources: ['port'].", "no network ports left"),
    (409, "Quota exceeded for resources: ['floatingip'].", "no public IPv4 addresses left"),
    (409, f"No more IP addresses available on network {ID}.", "no free address left"),
    (404, f"Instance {ID} could not be found.", "does not exist in the cloud any more"),
    (
        403,
        "Policy doesn't allow os_compute_api:servers:show to be performed.",
        NOT_ALLOWED,
    ),
    (
        403,
        (
            "(rule:create_port and (rule:create_port:fixed_ips and rule:create_port:fixed_ips:"
            "ip_address)) is disallowed by policy"
        ),
        NOT_ALLOWED,
    ),
    (403, "403 Forbidden: You are not authorized to complete publicize_image action.", NOT_ALLOWED),
    (
        409,
        f"Cannot 'reboot' instance {ID} while it is in vm_state building",
        "wait until it is up",
    ),
    (400, "Unavailable console type novnc.", "no web console"),
    (501, "Unable to get console: functionality not implemented", "no web console"),
    (409, "Key pair 'x' already exists.", "OpenStack refused this (409)"),
    (418, "", "OpenStack refused this (418)"),
]


def http_error(status, body, *, content_type="application/json"):
    """Return what the SDK raises for an answer."""
    response = requests.Response()
    response.status_code = status
    response.headers["Content-Type"] = content_type
    response._content = body.encode()
    response.request = requests.Request("POST", "http://nova/servers").prepare()
    try:
        sdk.raise_from_response(response)
    except sdk.SDKException as error:
        return error
    raise AssertionError(f"{status} is no error")


def nova_error(status, message):
    return http_error(status, json.dumps({"error": {"code": status, "message": message}}))


def call(*, unanswered=False, open_change=False):
    return Call(10.0, 0.0, is_unanswered=unanswered, is_change_open=open_change)


@pytest.mark.parametrize(("status", "text", "advice"), REFUSED_CREATES)
def test_refusals_are_final_and_say_what_to_do(status, text, advice):
    error = domain_error(nova_error(status, text), call(), is_repeatable=False)
    assert type(error) is CloudRefused
    assert advice in error.detail


@pytest.mark.parametrize(
    ("status", "text", "expected", "advice"),
    [
        (409, f"Port {ID} is still in use.", CloudOutcomeUnknown, "looked for"),
        (403, "rule:delete_port is disallowed by policy", CloudUnreachable, "still held"),
        (401, "The request you have made requires authentication.", CloudCredentialsRefused, ""),
        (429, "Too many requests", CloudUnreachable, "busy"),
    ],
)
def test_some_refusals_are_not_final(status, text, expected, advice):
    error = domain_error(nova_error(status, text), call(), is_repeatable=False)
    assert type(error) is expected
    assert advice in error.detail


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_leave_a_change_in_doubt_and_a_question_unanswered(status):
    error = nova_error(status, "Unexpected API Error.")
    doubt = domain_error(error, call(open_change=True), is_repeatable=False)
    assert type(doubt) is CloudOutcomeUnknown
    repeat = domain_error(error, call(open_change=True), is_repeatable=True)
    assert type(repeat) is CloudUnreachable
    question = domain_error(error, call(), is_repeatable=False)
    assert type(question) is CloudUnreachable


@pytest.mark.parametrize(
    "error",
    [
        keystone.ConnectFailure("Unable to establish connection to http://10.0.0.5:8774"),
        keystone.ConnectTimeout("Request to http://10.0.0.5:8774 timed out"),
        keystone.SSLError("SSL exception connecting to http://10.0.0.5:8774"),
        keystone.UnknownConnectionError("Unexpected exception", None),
        sdk.SDKException("Unable to establish connection to http://10.0.0.5:5000: refused"),
    ],
)
def test_a_broken_transport_is_judged_by_what_was_sent(error):
    sent = domain_error(error, call(unanswered=True, open_change=True), is_repeatable=False)
    assert type(sent) is CloudOutcomeUnknown
    unsent = domain_error(error, call(unanswered=True), is_repeatable=False)
    assert type(unsent) is CloudUnreachable
    assert "10.0.0.5" not in sent.detail + unsent.detail


@pytest.mark.parametrize(
    "error",
    [
        keystone.Unauthorized("The request you have made requires authentication."),
        keystone.NotFound("Could not recognize Fernet token"),
        keystone.Forbidden("You are not authorized to perform the requested action"),
        sdk.ConfigException("Cloud slices was not found."),
        sdk.ServiceDisabledException("Service 'compute' is disabled"),
        keystone.DiscoveryFailure("Could not find versioned identity endpoints"),
        keystone.MissingRequiredOptions([]),
    ],
)
def test_what_the_operator_must_mend(error):
    found = domain_error(error, call(), is_repeatable=False)
    assert type(found) is CloudCredentialsRefused


def test_a_discovery_that_fails_for_lack_of_answers_is_an_outage():
    error = keystone.DiscoveryFailure("Could not find versioned identity endpoints")
    found = domain_error(error, call(unanswered=True), is_repeatable=False)
    assert type(found) is CloudUnreachable


def test_garbage_is_told_from_refusal():
    error = requests.JSONDecodeError("Expecting value", "<html>", 0)
    found = domain_error(error, call(), is_repeatable=False)
    assert type(found) is CloudUnreachable
    found = domain_error(KeyError("servers"), call(open_change=True), is_repeatable=False)
    assert type(found) is CloudOutcomeUnknown
    assert "API" in found.detail


def test_refused_user_data_is_never_repeated():
    secret = "c2VjcmV0" * 8_000
    text = f"Invalid input for field/attribute user_data. Value: {secret}. '{secret}' is too long"
    error = domain_error(nova_error(400, text), call(), is_repeatable=False)
    assert "c2VjcmV0" not in error.detail
    assert len(error.detail) < 500


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("No valid host was found. ", "choose a smaller flavor"),
        (
            (
                "Exceeded maximum number of retries. Exhausted all hosts available for retrying "
                f"build failures for instance {ID}."
            ),
            "could not start the VM",
        ),
        (
            (
                f"Build of instance {ID} aborted: Failed to allocate the network(s) with error No "
                f"fixed IP addresses available for network: {ID}, not rescheduling."
            ),
            "no free address left",
        ),
        (
            f"Build of instance {ID} aborted: Failed to allocate the network(s), not rescheduling.",
            "could not be attached to its network",
        ),
        (f"Build of instance {ID} aborted: out of luck", "gave up building"),
        ("Failed to terminate instance: no", "could not remove"),
        ("Something new", "The VM failed in the cloud"),
    ],
)
def test_faults_of_servers_say_what_to_do_and_keep_the_clouds_words(message, advice):
    words = fault_in_words(message)
    assert advice in words
    assert f"(OpenStack: {message.strip()})" in words


def test_a_fault_without_words_is_still_a_sentence():
    assert "OpenStack:" not in fault_in_words("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Refused. (HTTP 401) (Request-ID: req-04efd4ae)", "Refused."),
        (f"Error req-{ID} here", "Error here"),
        ("<html><h1>404 Not Found</h1>\n No image <br/></html>", "404 Not Found No image"),
        ("404 Not Found: No image found", "No image found"),
        (
            "Provided object does not match &#x27;image&#x27;",
            "Provided object does not match 'image'",
        ),
        (None, ""),
    ],
)
def test_sentences_are_made_plain(text, expected):
    assert plain(text) == expected


def test_sentences_are_short():
    assert len(plain("word " * 10_000)) <= MAX_CHARACTERS
