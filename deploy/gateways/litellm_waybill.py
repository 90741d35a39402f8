"""Asks Waybill before each call of a LiteLLM proxy, and stops what the budget does not allow.

In the config of the proxy, with this file beside it:

    litellm_settings:
      callbacks: litellm_waybill.waybill

In its environment:

    WAYBILL_URL         where Waybill answers, such as http://waybill:4319
    WAYBILL_KEY         a key with the role `ingest`, where there are keys
    WAYBILL_FAIL        open (default): without an answer the call is made; closed: it is not
    WAYBILL_TIMEOUT_MS  how long to wait for the answer, 250 by default

The tenant is the team of the key (`team_id`), else the user of the key, else its alias: what LiteLLM vouches for. What a
caller claims in `metadata` or `user` counts for the feature and the policy alone: `metadata.feature` and
`metadata.policy`. The reservation is set on the span of the request as `waybill.reservation.id`, and in the metadata.

Tested: in a real LiteLLM proxy (1.108.7) against a real Waybill, by test/deploy/gateways-in-python.test.ts: a call that is made,
one that is denied, and open and closed where nobody answers. Not with a tracer: that the span is stamped was not seen.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request
from decimal import Decimal, localcontext

import litellm
from fastapi import HTTPException
from litellm._logging import verbose_proxy_logger
from litellm.integrations.custom_logger import CustomLogger

# Of these call types each request is a call to a model.
CALLS = {
    "completion", "acompletion", "text_completion", "atext_completion", "embedding", "aembedding", "embeddings",
    "responses", "aresponses", "anthropic_messages", "aanthropic_messages", "generate_content", "agenerate_content",
    "generate_content_stream", "agenerate_content_stream",
}


def estimate_usd(data):
    """What a request costs at most, as a decimal string; None where LiteLLM has no price or no limit is set."""
    try:
        model = data.get("model", "")
        text = data.get("input") or data.get("prompt")
        prompt_tokens = litellm.token_counter(
            model=model, messages=data.get("messages"), text=None if text is None else json.dumps(text)
        )
        info = litellm.get_model_info(model)
        most = data.get("max_completion_tokens") or data.get("max_tokens") or info.get("max_output_tokens") or 0
        # Sums of money are exact from here on; the prices themselves are floats in LiteLLM.
        with localcontext() as context:
            context.prec = 40
            usd = Decimal(str(info.get("input_cost_per_token") or 0)) * prompt_tokens
            usd += Decimal(str(info.get("output_cost_per_token") or 0)) * int(most)
            usd = usd.quantize(Decimal("0.000000000001"))
        return f"{usd:f}" if 0 < usd < 1_000_000 else None
    except Exception as error:  # An unknown model: the contract says what a call is taken to cost.
        verbose_proxy_logger.debug("Waybill: no estimate for %s: %s", data.get("model"), error)
        return None


class Waybill(CustomLogger):
    def __init__(self):
        super().__init__()
        self.url = os.environ.get("WAYBILL_URL", "http://127.0.0.1:4319").rstrip("/") + "/v1/decisions"
        self.key = os.environ.get("WAYBILL_KEY", "")
        self.is_open = os.environ.get("WAYBILL_FAIL", "open") != "closed"
        self.timeout_s = float(os.environ.get("WAYBILL_TIMEOUT_MS", "250")) / 1000

    def _post(self, body):
        headers = {"content-type": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
            return json.load(response)

    async def _decide(self, body):
        # The socket's own time-out is a time between bytes; this one is a time in all.
        return await asyncio.wait_for(asyncio.to_thread(self._post, body), self.timeout_s)

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        if str(getattr(call_type, "value", call_type)) not in CALLS:
            return data
        metadata = data.get("metadata") or data.get("litellm_metadata") or {}
        span = getattr(user_api_key_dict, "parent_otel_span", None)
        body = {
            "tenant": user_api_key_dict.team_id or user_api_key_dict.user_id or user_api_key_dict.key_alias,
            "feature": text(metadata.get("feature")),
            "policy": text(metadata.get("policy")),
            "estimatedCostUsd": await asyncio.to_thread(estimate_usd, data),
            "callId": text(data.get("litellm_call_id")),
        }
        if span is not None:
            body["traceId"] = format(span.get_span_context().trace_id, "032x")
        try:
            decision = await self._decide(body)
        except Exception as error:
            verbose_proxy_logger.warning("Waybill did not decide (%s)", error or type(error).__name__)
            if self.is_open:
                return data
            decision = {"decision": "deny", "message": "Waybill did not answer, so nothing is spent."}
        if decision.get("decision") == "deny":
            raise HTTPException(
                status_code=403,
                detail={"error": {"message": decision.get("message", ""), "type": "budget_exceeded"}},
            )
        reservation = decision.get("reservationId")
        if reservation:
            if span is not None:
                span.set_attribute("waybill.reservation.id", reservation)
            data.setdefault("metadata", {})["waybill_reservation_id"] = reservation
        return data


def text(value):
    return value if isinstance(value, str) and value else None


waybill = Waybill()
