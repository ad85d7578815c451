"""The stock gRPC client of tritonclient against the suite's models. Argument: host:port."""

import queue

import numpy as np
import tritonclient.grpc as grpcclient
from harness import address, check, equal, run
from suite import FIRST, ONES, expect_sums, expect_text_sums, refusal_of, shared_checks, sum_inputs, tensor_of, texts
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, deserialize_bytes_tensor


def json_of(client, method, *arguments):
    return getattr(client, method)(*arguments, as_json=True)


shared_checks(grpcclient, json_of)


def status_of(call):
    refusal = refusal_of(call)
    return "OK" if refusal is None else refusal.status()


def simple_inputs(first=FIRST):
    return sum_inputs(grpcclient, first)


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
    result = client.infer("simple_int8", sum_inputs(grpcclient, first, ones, "INT8"))
    equal(result.as_numpy("OUTPUT0").tolist(), (FIRST + ONES).tolist(), "OUTPUT0")


@check("infer-string", "infer takes and gives texts as numpy objects")
def infer_string(client):
    inputs = sum_inputs(grpcclient, texts(FIRST), texts(ONES), "BYTES")
    expect_text_sums(client.infer("simple_string", inputs))


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


def request_of(model, datatype, field, first, second, shape=(1, 16)):
    """A message of the generated stub with typed contents."""
    request = service_pb2.ModelInferRequest(model_name=model)
    for name, values in (("INPUT0", first), ("INPUT1", second)):
        tensor = request.inputs.add(name=name, datatype=datatype, shape=shape)
        getattr(tensor.contents, field)[:] = values
    return request


def stub_answer(request, name):
    """The raw bytes of one output."""
    import grpc

    with grpc.insecure_channel(address()) as channel:
        response = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=10)
    return response.raw_output_contents[[output.name for output in response.outputs].index(name)]


@check("typed-contents", "the generated stub sends INT32 and INT8 as typed contents and reads raw ones")
def typed_contents(_):
    first, ones = FIRST.flatten().tolist(), ONES.flatten().tolist()
    for model, datatype, dtype in (("simple", "INT32", np.int32), ("simple_int8", "INT8", np.int8)):
        raw = stub_answer(request_of(model, datatype, "int_contents", first, ones), "OUTPUT0")
        equal(np.frombuffer(raw, dtype=dtype).tolist(), (FIRST + ONES).flatten().tolist(), f"OUTPUT0 of {model}")


@check("typed-texts", "the generated stub sends texts as typed contents and reads raw ones")
def typed_texts(_):
    request = request_of("simple_string", "BYTES", "bytes_contents", texts(FIRST).flatten(), texts(ONES).flatten())
    found = deserialize_bytes_tensor(stub_answer(request, "OUTPUT0"))
    equal([int(text) for text in found], list(range(1, 17)), "OUTPUT0")


@check("typed-version", "a version that is no number is refused to the generated stub")
def typed_version(_):
    import grpc

    request = request_of("simple_int8", "INT8", "int_contents", [1] * 16, [1] * 16)
    request.model_version = "wrong_specification"
    try:
        stub_answer(request, "OUTPUT0")
        raise AssertionError("it answered")
    except grpc.RpcError as error:
        wrong = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
        equal(error.code() in wrong, True, f"that {error.code()} says so")


@check("raw-stub", "the generated stub reads health, metadata and configuration, and infers with raw contents")
def raw_stub(_):
    import grpc

    with grpc.insecure_channel(address()) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        equal(stub.ServerLive(service_pb2.ServerLiveRequest()).live, True, "live")
        equal(stub.ServerReady(service_pb2.ServerReadyRequest()).ready, True, "ready")
        equal(stub.ModelReady(service_pb2.ModelReadyRequest(name="densenet_onnx")).ready, True, "readiness")
        metadata = stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="densenet_onnx"))
        equal(list(metadata.inputs[0].shape), [3, 224, 224], "the shape")
        config = stub.ModelConfig(service_pb2.ModelConfigRequest(name="densenet_onnx")).config
        equal(config.input[0].name, "data_0", "the input")
        request = service_pb2.ModelInferRequest(model_name="densenet_onnx", id="my request")
        request.inputs.add(name="data_0", datatype="FP32", shape=[3, 224, 224])
        request.outputs.add(name="fc6_1")
        request.raw_input_contents.append(np.full([3, 224, 224], 0.5, dtype=np.float32).tobytes())
        response = stub.ModelInfer(request)
        equal(response.id, "my request", "the id")
        equal(np.frombuffer(response.raw_output_contents[0], dtype=np.float32).tolist(), [0.5] * 3, "fc6_1")


@check("custom-args", "a client with channel arguments and headers of its own is answered")
def custom_args(_):
    arguments = [
        ("grpc.max_send_message_length", 1024 * 1024),
        ("grpc.max_receive_message_length", 1024 * 1024),
        ("grpc.keepalive_time_ms", 2**31 - 1),
        ("grpc.dns_enable_srv_queries", 1),
    ]
    with grpcclient.InferenceServerClient(address(), channel_args=arguments) as client:
        expect_sums(client.infer("simple", simple_inputs(), headers={"test": "1"}))


@check("errors", "refusals carry the status that the client documents")
def errors(client):
    wrong = grpcclient.InferInput("INPUT0", [1, 8], "INT32")
    wrong.set_data_from_numpy(np.zeros((1, 8), dtype=np.int32))
    equal(status_of(lambda: client.infer("no-such-model", simple_inputs())), "StatusCode.NOT_FOUND", "the status")
    equal(status_of(lambda: client.infer("simple", [wrong])), "StatusCode.INVALID_ARGUMENT", "the status")


@check("client-timeout", "client_timeout ends a slow request with DEADLINE_EXCEEDED")
def client_timeout(client):
    tensor = tensor_of(grpcclient, "INPUT0", np.array([300_000, 0], dtype=np.float32), "FP32")
    status = status_of(lambda: client.infer("slow", [tensor], client_timeout=0.02))
    equal(status, "StatusCode.DEADLINE_EXCEEDED", "the status")


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
