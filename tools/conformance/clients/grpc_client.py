"""The stock gRPC client of tritonclient against the suite's models. Argument: host:port."""

import queue

import numpy as np
import tritonclient.grpc as grpcclient
from harness import address, check, equal, run
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

FIRST = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)


def inputs_of(first, second, datatype):
    tensors = []
    for name, values in (("INPUT0", first), ("INPUT1", second)):
        tensor = grpcclient.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values)
        tensors.append(tensor)
    return tensors


def simple_inputs(first=FIRST):
    return inputs_of(first, ONES, "INT32")


def expect_sums(result, first=FIRST):
    equal(result.as_numpy("OUTPUT0").tolist(), (first + ONES).tolist(), "OUTPUT0")
    equal(result.as_numpy("OUTPUT1").tolist(), (first - ONES).tolist(), "OUTPUT1")


def status_of(call):
    try:
        call()
    except InferenceServerException as error:
        return error.status()
    return "OK"


@check("health", "is_server_live, is_server_ready and is_model_ready are true, and false for an unknown model")
def health(client):
    equal(client.is_server_live(), True, "live")
    equal(client.is_server_ready(), True, "ready")
    equal(client.is_model_ready("simple"), True, "simple")
    equal(client.is_model_ready("no-such-model"), False, "no-such-model")


@check("metadata", "get_server_metadata, get_model_metadata and get_model_config read, as messages and as JSON")
def metadata(client):
    equal(client.get_model_metadata("simple").inputs[0].datatype, "INT32", "the datatype")
    equal(client.get_model_metadata("simple", as_json=True)["name"], "simple", "the name")
    equal(client.get_model_config("simple").config.max_batch_size, 8, "max_batch_size")
    equal(client.get_server_metadata(as_json=True)["name"] != "", True, "a name of the server")


@check("infer", "infer computes sum and difference of INT32")
def infer(client):
    outputs = [grpcclient.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")]
    result = client.infer("simple", simple_inputs(), outputs=outputs, request_id="one")
    expect_sums(result)
    equal(result.get_response().id, "one", "the id")


@check("infer-parameters", "infer takes priority, timeout and parameters of one's own")
def infer_parameters(client):
    expect_sums(client.infer("simple", simple_inputs(), priority=1, timeout=10_000_000, parameters={"own": "a"}))


@check("infer-compressed", "infer with gzip-compressed messages is answered")
def infer_compressed(client):
    expect_sums(client.infer("simple", simple_inputs(), compression_algorithm="gzip"))


@check("infer-int8", "infer computes sum and difference of INT8")
def infer_int8(client):
    first, ones = FIRST.astype(np.int8), ONES.astype(np.int8)
    result = client.infer("simple_int8", inputs_of(first, ones, "INT8"))
    equal(result.as_numpy("OUTPUT0").tolist(), (FIRST + ONES).tolist(), "OUTPUT0")


@check("infer-string", "infer takes and gives texts as numpy objects")
def infer_string(client):
    def texts(values):
        return np.array([str(value).encode() for value in values.flatten()], dtype=np.object_).reshape(1, 16)

    result = client.infer("simple_string", inputs_of(texts(FIRST), texts(ONES), "BYTES"))
    equal([int(text) for text in result.as_numpy("OUTPUT0").flatten()], list(range(1, 17)), "OUTPUT0")


@check("infer-fp16", "infer takes and gives float16")
def infer_fp16(client):
    values = np.array([[0.5, -2.0, 65504.0]], dtype=np.float16)
    tensor = grpcclient.InferInput("INPUT0", [1, 3], "FP16")
    tensor.set_data_from_numpy(values)
    equal(client.infer("identity_fp16", [tensor]).as_numpy("OUTPUT0").tolist(), values.tolist(), "OUTPUT0")


@check("classification", "class_count gives value, index and label")
def classification(client):
    tensor = grpcclient.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 4, 3, 2]], dtype=np.float32))
    output = grpcclient.InferRequestedOutput("OUTPUT0", class_count=2)
    found = client.infer("labelled", [tensor], outputs=[output]).as_numpy("OUTPUT0").flatten()
    equal([text.decode().split(":")[1:] for text in found], [["1", "east"], ["2", "south"]], "the classes")


@check("async-infer", "async_infer calls back with each answer")
def async_infer(client):
    answers = queue.Queue()
    for index in range(20):
        first = FIRST + index * 100
        client.async_infer(
            "simple",
            simple_inputs(first),
            callback=lambda result, error, first=first: answers.put((result, error, first)),
        )
    for _ in range(20):
        result, error, first = answers.get(timeout=10)
        equal(error, None, "the error")
        expect_sums(result, first)


@check("stream-infer", "async_stream_infer answers each request of a stream by its id")
def stream_infer(client):
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    try:
        for index in range(20):
            client.async_stream_infer("simple", simple_inputs(FIRST + index * 100), request_id=str(index))
        for _ in range(20):
            result, error = answers.get(timeout=10)
            equal(error, None, "the error")
            expect_sums(result, FIRST + int(result.get_response().id) * 100)
    finally:
        client.stop_stream()


@check("stream-error", "a failed request of a stream calls back with an error, and the stream goes on")
def stream_error(client):
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    try:
        client.async_stream_infer("no-such-model", simple_inputs(), request_id="lost")
        _, error = answers.get(timeout=10)
        equal(isinstance(error, InferenceServerException), True, "an error")
        client.async_stream_infer("simple", simple_inputs(), request_id="found")
        result, error = answers.get(timeout=10)
        equal(error, None, "the error of the next request")
        expect_sums(result)
    finally:
        client.stop_stream()


@check("typed-contents", "the generated stub sends typed contents, as Triton's explicit-content examples do")
def typed_contents(_):
    import grpc

    request = service_pb2.ModelInferRequest(model_name="simple")
    for name, values in (("INPUT0", FIRST), ("INPUT1", ONES)):
        tensor = request.inputs.add(name=name, datatype="INT32", shape=[1, 16])
        tensor.contents.int_contents[:] = values.flatten().tolist()
    with grpc.insecure_channel(address()) as channel:
        response = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=10)
    names = [output.name for output in response.outputs]
    sums = np.frombuffer(response.raw_output_contents[names.index("OUTPUT0")], dtype=np.int32)
    equal(sums.tolist(), (FIRST + ONES).flatten().tolist(), "OUTPUT0")


@check("errors", "refusals carry the status that the client documents")
def errors(client):
    wrong = grpcclient.InferInput("INPUT0", [1, 8], "INT32")
    wrong.set_data_from_numpy(np.zeros((1, 8), dtype=np.int32))
    equal(status_of(lambda: client.infer("no-such-model", simple_inputs())), "StatusCode.NOT_FOUND", "the status")
    equal(status_of(lambda: client.infer("simple", [wrong])), "StatusCode.INVALID_ARGUMENT", "the status")


@check("client-timeout", "client_timeout ends a slow request with DEADLINE_EXCEEDED")
def client_timeout(client):
    tensor = grpcclient.InferInput("INPUT0", [2], "FP32")
    tensor.set_data_from_numpy(np.array([300_000, 0], dtype=np.float32))
    status = status_of(lambda: client.infer("slow", [tensor], client_timeout=0.02))
    equal(status, "StatusCode.DEADLINE_EXCEEDED", "the status")


@check("statistics", "get_inference_statistics counts a request")
def statistics(client):
    def count():
        stats = client.get_inference_statistics("simple", as_json=True)["model_stats"][0]
        return int(stats["inference_stats"]["success"].get("count", 0))

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
    states = {model.name: model.state for model in client.get_model_repository_index().models}
    equal(states["loadable"], "READY", "the state in the index")


@check("shared-memory", "get_system_shared_memory_status says that shared memory is not offered")
def shared_memory(client):
    if "system_shared_memory" in client.get_server_metadata().extensions:
        return
    equal(status_of(client.get_system_shared_memory_status), "StatusCode.UNIMPLEMENTED", "the status")


@check("keepalive", "a client with keepalive pings twice a second keeps its connection")
def keepalive(_):
    import time

    options = grpcclient.KeepAliveOptions(
        keepalive_time_ms=500,
        keepalive_timeout_ms=1_000,
        keepalive_permit_without_calls=True,
        http2_max_pings_without_data=0,
    )
    with grpcclient.InferenceServerClient(address(), keepalive_options=options) as client:
        expect_sums(client.infer("simple", simple_inputs()))
        time.sleep(2.5)
        expect_sums(client.infer("simple", simple_inputs()))


@check("aio", "the asyncio client infers and streams")
def aio(_):
    import asyncio

    import tritonclient.grpc.aio as aioclient

    async def calls():
        async with aioclient.InferenceServerClient(address()) as client:
            expect_sums(await client.infer("simple", simple_inputs()))

            async def requests():
                for index in range(5):
                    yield {"model_name": "simple", "inputs": simple_inputs(), "request_id": str(index)}

            ids = []
            async for result, error in client.stream_infer(requests()):
                equal(error, None, "the error")
                expect_sums(result)
                ids.append(result.get_response().id)
            equal(sorted(ids), ["0", "1", "2", "3", "4"], "the ids")

    asyncio.run(calls())


if __name__ == "__main__":
    with grpcclient.InferenceServerClient(address()) as grpc_client:
        run(grpc_client)
