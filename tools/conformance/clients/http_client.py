"""The stock HTTP client of tritonclient against the suite's models. Argument: host:port."""

import numpy as np
import tritonclient.http as httpclient
from harness import address, check, equal, run
from tritonclient.utils import InferenceServerException

FIRST = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)


def inputs_of(first, second, datatype, binary):
    tensors = []
    for name, values in (("INPUT0", first), ("INPUT1", second)):
        tensor = httpclient.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        tensors.append(tensor)
    return tensors


def simple_inputs(binary=True):
    return inputs_of(FIRST, ONES, "INT32", binary)


def expect_sums(result):
    equal(result.as_numpy("OUTPUT0").tolist(), (FIRST + ONES).tolist(), "OUTPUT0")
    equal(result.as_numpy("OUTPUT1").tolist(), (FIRST - ONES).tolist(), "OUTPUT1")


def outputs_of(binary):
    return [httpclient.InferRequestedOutput(name, binary_data=binary) for name in ("OUTPUT0", "OUTPUT1")]


def texts(values):
    return np.array([str(value).encode() for value in values.flatten()], dtype=np.object_).reshape(1, 16)


@check("health", "is_server_live, is_server_ready and is_model_ready are true, and false for an unknown model")
def health(client):
    equal(client.is_server_live(), True, "live")
    equal(client.is_server_ready(), True, "ready")
    equal(client.is_model_ready("simple"), True, "simple")
    equal(client.is_model_ready("no-such-model"), False, "no-such-model")


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
    tensor = httpclient.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), dtype=np.float32))
    for version in (1, 2):
        result = client.infer("versioned", [tensor], model_version=str(version))
        equal(result.as_numpy("OUTPUT0").tolist(), [[float(version)] * 4], "OUTPUT0")


@check("infer-string", "infer takes and gives texts, binary and JSON")
def infer_string(client):
    for binary in (True, False):
        inputs = inputs_of(texts(FIRST), texts(ONES), "BYTES", binary)
        result = client.infer("simple_string", inputs, outputs=outputs_of(binary))
        equal([int(text) for text in result.as_numpy("OUTPUT0").flatten()], list(range(1, 17)), "OUTPUT0")


@check("infer-fp16", "infer takes and gives binary float16")
def infer_fp16(client):
    values = np.array([[0.5, -2.0, 65504.0]], dtype=np.float16)
    tensor = httpclient.InferInput("INPUT0", [1, 3], "FP16")
    tensor.set_data_from_numpy(values)
    equal(client.infer("identity_fp16", [tensor]).as_numpy("OUTPUT0").tolist(), values.tolist(), "OUTPUT0")


@check("classification", "class_count gives value, index and label")
def classification(client):
    tensor = httpclient.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 4, 3, 2]], dtype=np.float32))
    output = httpclient.InferRequestedOutput("OUTPUT0", class_count=2)
    found = client.infer("labelled", [tensor], outputs=[output]).as_numpy("OUTPUT0").flatten()
    equal([text.decode().split(":")[1:] for text in found], [["1", "east"], ["2", "south"]], "the classes")


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


@check("errors", "refusals carry the HTTP status that the client documents")
def errors(client):
    for model, status in (("no-such-model", "404"), ("simple_int8", "400")):
        try:
            client.infer(model, simple_inputs())
            raise AssertionError(f"{model} answered")
        except InferenceServerException as error:
            equal(error.status(), status, f"the status of {model}")


@check("statistics", "get_inference_statistics counts a request")
def statistics(client):
    def count():
        return client.get_inference_statistics("simple")["model_stats"][0]["inference_stats"]["success"]["count"]

    client.infer("simple", simple_inputs())
    before = count()
    client.infer("simple", simple_inputs())
    equal(count() - before, 1, "the growth of success")


@check("model-control", "unload_model, load_model and get_model_repository_index control a model")
def model_control(client):
    client.load_model("loadable")
    client.unload_model("loadable")
    equal(client.is_model_ready("loadable"), False, "readiness once unloaded")
    client.load_model("loadable")
    equal(client.is_model_ready("loadable"), True, "readiness once loaded")
    states = {model["name"]: model.get("state") for model in client.get_model_repository_index()}
    equal(states["loadable"], "READY", "the state in the index")


@check("aio", "the asyncio client infers")
def aio(_):
    import asyncio

    import tritonclient.http.aio as aioclient

    async def calls():
        async with aioclient.InferenceServerClient(address()) as client:
            expect_sums(await client.infer("simple", simple_inputs()))

    asyncio.run(calls())


if __name__ == "__main__":
    with httpclient.InferenceServerClient(address(), concurrency=8) as http_client:
        run(http_client)
