"""What the checks of tritonclient's gRPC and HTTP libraries have in common."""

import numpy as np
from harness import address, check, equal
from tritonclient.utils import InferenceServerException

FIRST = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)
IMAGE_SHAPE = [3, 224, 224]


def tensor_of(library, name, values, datatype, **encoding):
    tensor = library.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, **encoding)
    return tensor


def sum_inputs(library, first=FIRST, second=ONES, datatype="INT32", **encoding):
    pairs = (("INPUT0", first), ("INPUT1", second))
    return [tensor_of(library, name, values, datatype, **encoding) for name, values in pairs]


def expect_sums(result, first=FIRST):
    equal(result.as_numpy("OUTPUT0").tolist(), (first + ONES).tolist(), "OUTPUT0")
    equal(result.as_numpy("OUTPUT1").tolist(), (first - ONES).tolist(), "OUTPUT1")


def texts(values):
    return np.array([str(value).encode() for value in values.flatten()], dtype=np.object_).reshape(1, 16)


def expect_text_sums(result):
    equal([int(text) for text in result.as_numpy("OUTPUT0").flatten()], list(range(1, 17)), "OUTPUT0")
    equal([int(text) for text in result.as_numpy("OUTPUT1").flatten()], list(range(-1, 15)), "OUTPUT1")


def shared_checks(library, json_of):
    """Registers the checks that both libraries make alike. json_of(client, method, model) gives an answer as a dict."""

    @check("health", "is_server_live, is_server_ready and is_model_ready are true, and false for an unknown model")
    def health(client):
        equal(client.is_server_live(), True, "live")
        equal(client.is_server_ready(), True, "ready")
        equal(client.is_model_ready("simple"), True, "simple")
        equal(client.is_model_ready("no-such-model"), False, "no-such-model")

    @check("infer-fp16", "infer takes and gives float16")
    def infer_fp16(client):
        values = np.array([[0.5, -2.0, 65504.0]], dtype=np.float16)
        result = client.infer("identity_fp16", [tensor_of(library, "INPUT0", values, "FP16")])
        equal(result.as_numpy("OUTPUT0").tolist(), values.tolist(), "OUTPUT0")

    @check("infer-identity", "texts come back as they were; with a zero byte they come back or are refused, never cut off")
    def infer_identity(client):
        words = np.array([f"Grüße {index}".encode() for index in range(16)], dtype=np.object_)
        zeros = np.array([b"he\x00llo"] * 16, dtype=np.object_)
        blobs = np.array([b"\x00\x01\x02\x03"] * 16, dtype=np.bytes_)
        for values, may_refuse in ((words, False), (zeros, True), (blobs, True)):
            tensor = tensor_of(library, "INPUT0", values.reshape(1, 16), "BYTES")
            try:
                result = client.infer("simple_identity", [tensor]).as_numpy("OUTPUT0")
            except InferenceServerException as refusal:
                equal(may_refuse and refusal.status() in ("StatusCode.INVALID_ARGUMENT", "400"), True, "the refusal")
                continue
            equal(result.flatten().tolist(), values.tolist(), "OUTPUT0")

    @check("classification", "class_count gives value, index and label")
    def classification(client):
        tensor = tensor_of(library, "INPUT0", np.array([[1, 4, 3, 2]], dtype=np.float32), "FP32")
        output = library.InferRequestedOutput("OUTPUT0", class_count=2)
        found = client.infer("labelled", [tensor], outputs=[output]).as_numpy("OUTPUT0").flatten()
        equal([text.decode().split(":")[1:] for text in found], [["1", "east"], ["2", "south"]], "the classes")

    @check("image", "an image model tells its layout, and its classes of an image come with their labels")
    def image(client):
        config = json_of(client, "get_model_config", "densenet_onnx")
        config = config.get("config", config)
        equal(config["input"][0]["format"], "FORMAT_NCHW", "the format")
        pixels = np.zeros(IMAGE_SHAPE, dtype=np.float32)
        pixels[1] = 2
        pixels[2] = 1
        output = library.InferRequestedOutput("fc6_1", class_count=2)
        result = client.infer("densenet_onnx", [tensor_of(library, "data_0", pixels, "FP32")], outputs=[output])
        found = [text.decode().split(":")[1:] for text in result.as_numpy("fc6_1").flatten()]
        equal(found, [["1", "green"], ["2", "blue"]], "the classes")

    @check("reused-objects", "inputs and outputs that were used before are used again with other values")
    def reused_objects(client):
        inputs = sum_inputs(library)
        outputs = [library.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")]
        for first in (FIRST, FIRST + 100, FIRST):
            inputs[0].set_data_from_numpy(first)
            expect_sums(client.infer("simple", inputs, outputs=outputs), first)

    @check("many-clients", "a hundred clients, each made for one request, are all answered")
    def many_clients(_):
        for _ in range(100):
            with library.InferenceServerClient(address()) as client:
                expect_sums(client.infer("simple", sum_inputs(library)))

    @check("statistics", "get_inference_statistics counts a request")
    def statistics(client):
        def count():
            [stats] = json_of(client, "get_inference_statistics", "simple")["model_stats"]
            return int(stats["inference_stats"]["success"].get("count", 0))

        client.infer("simple", sum_inputs(library))
        before = count()
        client.infer("simple", sum_inputs(library))
        equal(count() - before, 1, "the growth of success")

    @check("model-control", "unload_model, load_model and get_model_repository_index control a model")
    def model_control(client):
        client.load_model("loadable")
        client.unload_model("loadable")
        equal(client.is_model_ready("loadable"), False, "readiness once unloaded")
        client.load_model("loadable")
        equal(client.is_model_ready("loadable"), True, "readiness once loaded")
        index = json_of(client, "get_model_repository_index")
        states = {model["name"]: model.get("state") for model in (index if isinstance(index, list) else index["models"])}
        equal(states["loadable"], "READY", "the state in the index")

    @check("model-config", "load_model takes a configuration in the place of the model's own, and refuses a broken one")
    def model_config(client):
        def max_batch_size():
            config = json_of(client, "get_model_config", "loadable")
            return config.get("config", config)["max_batch_size"]

        try:
            client.load_model("loadable", config='{"max_batch_size": 16}')
            equal(max_batch_size(), 16, "max_batch_size")
            refused = refusal_of(lambda: client.load_model("loadable", config='"max_batch_size": {'))
            equal(refused is not None, True, "the refusal of a configuration that is no JSON")
            equal(refusal_of(lambda: client.load_model("no-such-model")) is not None, True, "the refusal of no-such-model")
        finally:
            client.load_model("loadable")
            equal(max_batch_size(), 8, "max_batch_size afterwards")


def refusal_of(call):
    """The exception of the client library, or None where the call was answered."""
    try:
        call()
    except InferenceServerException as error:
        return error
    return None
