"""KServe's stock clients, gRPC and REST, against the suite's models. Arguments: host:port of gRPC, host:port of HTTP."""

import asyncio
import sys

import numpy as np
from harness import check, equal, run
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

FIRST = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)


def simple_request(binary):
    inputs = []
    for name, values in (("INPUT0", FIRST), ("INPUT1", ONES)):
        tensor = InferInput(name, list(values.shape), "INT32")
        tensor.set_data_from_numpy(values, binary_data=binary)
        inputs.append(tensor)
    return InferRequest(model_name="simple", infer_inputs=inputs, request_id="one")


def expect_sums(response):
    outputs = {output.name: output.as_numpy().tolist() for output in response.outputs}
    equal(outputs, {"OUTPUT0": (FIRST + ONES).tolist(), "OUTPUT1": (FIRST - ONES).tolist()}, "the outputs")
    equal(response.id, "one", "the id")


def with_grpc(calls):
    async def connected():
        async with InferenceGRPCClient(sys.argv[1]) as client:
            await calls(client)

    asyncio.run(connected())


def with_rest(calls):
    async def connected():
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
            await calls(client, f"http://{sys.argv[2]}")

    asyncio.run(connected())


@check("grpc-health", "InferenceGRPCClient finds server and model live and ready")
def grpc_health(_):
    async def calls(client):
        equal(await client.is_server_live(), True, "live")
        equal(await client.is_server_ready(), True, "ready")
        equal(await client.is_model_ready("simple"), True, "simple")

    with_grpc(calls)


@check("grpc-infer", "InferenceGRPCClient infers with raw and with typed tensors")
def grpc_infer(_):
    async def calls(client):
        for binary in (True, False):
            expect_sums(await client.infer(simple_request(binary)))

    with_grpc(calls)


@check("rest-health", "InferenceRESTClient finds server and model live and ready")
def rest_health(_):
    async def calls(client, base):
        equal(await client.is_server_live(base), True, "live")
        equal(await client.is_server_ready(base), True, "ready")
        equal(await client.is_model_ready(base, "simple"), True, "simple")

    with_rest(calls)


@check("rest-infer", "InferenceRESTClient infers with JSON and with binary tensors")
def rest_infer(_):
    async def calls(client, base):
        for binary in (True, False):
            expect_sums(await client.infer(base, simple_request(binary), model_name="simple"))

    with_rest(calls)


if __name__ == "__main__":
    run(None)
