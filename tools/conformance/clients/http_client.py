"""The stock HTTP client of tritonclient against the suite's models. Argument: host:port."""

import numpy as np
import tritonclient.http as httpclient
from harness import address, check, equal, run
from suite import FIRST, ONES, expect_sums, expect_text_sums, refusal_of, shared_checks, sum_inputs, tensor_of, texts


def json_of(client, method, *arguments):
    return getattr(client, method)(*arguments)


shared_checks(httpclient, json_of)


def simple_inputs(binary=True):
    return sum_inputs(httpclient, binary_data=binary)


def outputs_of(binary):
    return [httpclient.InferRequestedOutput(name, binary_data=binary) for name in ("OUTPUT0", "OUTPUT1")]


@check("metadata", "get_server_metadata, get_model_metadata and get_model_config read")
def metadata(client):
    equal(client.get_server_metadata()["name"] != "", True, "a name of the server")
    equal(client.get_model_metadata("simple")["inputs"][0]["datatype"], "INT32", "the datatype")
    equal(client.get_model_config("simple")["max_batch_size"], 8, "max_batch_size")


@check("infer-binary", "infer with binary tensors both ways")
def infer_binary(client):
    result = client.infer("simple", simple_inputs(), outputs=outputs_of(True), request_id="one")
    expect_sums(result)
    equal(result.get_response()["id"], "one", "the id")


@check("infer-json", "infer with JSON tensors both ways")
def infer_json(client):
    expect_sums(client.infer("simple", simple_inputs(False), outputs=outputs_of(False)))


@check("infer-mixed", "infer with binary inputs and JSON outputs, and the other way round")
def infer_mixed(client):
    expect_sums(client.infer("simple", simple_inputs(True), outputs=outputs_of(False)))
    expect_sums(client.infer("simple", simple_inputs(False), outputs=outputs_of(True)))


@check("infer-all-outputs", "infer without requested outputs gives all of them")
def infer_all_outputs(client):
    expect_sums(client.infer("simple", simple_inputs()))


@check("infer-version", "infer of a version is answered by that version")
def infer_version(client):
    tensor = tensor_of(httpclient, "INPUT0", np.ones((1, 4), dtype=np.float32), "FP32")
    for version in (1, 2):
        result = client.infer("versioned", [tensor], model_version=str(version))
        equal(result.as_numpy("OUTPUT0").tolist(), [[float(version)] * 4], "OUTPUT0")


@check("infer-string", "infer takes and gives texts, binary and JSON")
def infer_string(client):
    for binary in (True, False):
        inputs = sum_inputs(httpclient, texts(FIRST), texts(ONES), "BYTES", binary_data=binary)
        expect_text_sums(client.infer("simple_string", inputs, outputs=outputs_of(binary)))


@check("infer-compressed", "a gzip or deflate request is read, and an answer compressed on request")
def infer_compressed(client):
    for algorithm in ("gzip", "deflate"):
        result = client.infer(
            "simple",
            simple_inputs(),
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        expect_sums(result)


@check("async-infer", "async_infer answers each of many requests")
def async_infer(client):
    calls = [client.async_infer("simple", simple_inputs(), request_id=str(index)) for index in range(20)]
    for index, call in enumerate(calls):
        result = call.get_result(timeout=10)
        expect_sums(result)
        equal(result.get_response()["id"], str(index), "the id")


@check("headers", "headers and query parameters that mean nothing to the server do not disturb it")
def headers(client):
    extra = {"headers": {"test": "1"}, "query_params": {"test_1": 1, "test_2": 2}}
    equal(client.is_server_live(**extra), True, "live")
    equal(client.get_model_metadata("simple", **extra)["name"], "simple", "the name")
    expect_sums(client.infer("simple", simple_inputs(), **extra))


@check("errors", "refusals carry the HTTP status that the client documents")
def errors(client):
    for model, status in (("no-such-model", "404"), ("simple_int8", "400")):
        refusal = refusal_of(lambda model=model: client.infer(model, simple_inputs()))
        equal(refusal and refusal.status(), status, f"the status of {model}")


@check("aio", "the asyncio client infers, and reads long answers of statistics, configuration and the index")
def aio(_):
    import asyncio

    import tritonclient.http.aio as aioclient

    async def calls():
        async with aioclient.InferenceServerClient(address()) as client:
            expect_sums(await client.infer("simple", simple_inputs()))
            statistics = await client.get_inference_statistics()
            equal("simple" in [stats["name"] for stats in statistics["model_stats"]], True, "statistics of simple")
            index = await client.get_model_repository_index()
            equal("simple" in [model["name"] for model in index], True, "simple in the index")
            equal((await client.get_model_config("prioritized"))["name"], "prioritized", "the name")

    asyncio.run(calls())


if __name__ == "__main__":
    with httpclient.InferenceServerClient(address(), concurrency=8) as http_client:
        run(http_client)
