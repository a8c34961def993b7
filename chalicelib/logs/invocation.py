"""What Lambda calls an invocation, for its log lines."""

from __future__ import annotations

import os
import re
from typing import Any

from chalicelib.logs.fields import Fields

_TRACE = re.compile(r"Root=([0-9a-f-]{1,64})")


def invocation(context: Any) -> Fields:
    """Return the ids of an invocation and of its X-Ray trace, as far as there are any."""
    fields: Fields = {}
    invocation_id = getattr(context, "aws_request_id", None)
    if invocation_id:
        fields["invocation_id"] = str(invocation_id)
    found = _TRACE.search(os.environ.get("_X_AMZN_TRACE_ID", ""))
    if found:
        fields["trace_id"] = found.group(1)
    return fields
