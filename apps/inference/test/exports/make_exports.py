"""Writes the stock exports of this folder, with what the trained models themselves answer.

    python -m venv venv && venv/bin/pip install scikit-learn skl2onnx lightgbm xgboost onnxmltools torch onnxscript
    venv/bin/python make_exports.py && npx prettier --write '*.json'

Each <name>.onnx is what the library's own converter writes with its default options; <name>.json holds a few rows and
the answers of the model in Python. mlp.onnx is what PyTorch's older exporter writes; pytorch.onnx, with its weights in
pytorch.onnx.data, is what torch.onnx.export does since PyTorch 2.9 where nothing is asked for.
"""

import json
import pathlib

import lightgbm
import numpy as np
import onnx
import onnxmltools
import torch
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

HERE = pathlib.Path(__file__).parent
DATATYPES = {"f": "FP32", "i": "INT64", "U": "BYTES", "O": "BYTES"}

features, species = load_iris(return_X_y=True)
features = features.astype(np.float32)
names = np.array(["setosa", "versicolor", "virginica"])[species]
ROWS = features[::30]


def tensor(values, datatype=None):
    values = np.asarray(values)
    return {
        "datatype": datatype or DATATYPES[values.dtype.kind],
        "shape": list(values.shape),
        "values": values.ravel().tolist(),
    }


def save(name, model, inputs, outputs):
    onnx.save(model, HERE / f"{name}.onnx")
    answer(name, inputs, outputs)


def answer(name, inputs, outputs):
    expected = {"inputs": inputs, "outputs": outputs}
    (HERE / f"{name}.json").write_text(json.dumps(expected, indent=1) + "\n")


def scikit_learn(name, model, labels):
    model.fit(features, labels)
    exported = to_onnx(model, features[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    outputs = {
        "output_label": tensor(model.predict(ROWS)),
        "output_probability": tensor(model.predict_proba(ROWS).astype(np.float32)),
    }
    save(name, exported, {"X": tensor(ROWS)}, outputs)


def pipeline():
    columns = [("numbers", StandardScaler(), [0, 1]), ("texts", OneHotEncoder(handle_unknown="ignore"), [2, 3])]
    model = make_pipeline(ColumnTransformer(columns), LogisticRegression())
    generator = np.random.default_rng(3)
    numbers = generator.normal(size=(200, 2)).astype(np.float32)
    carrier = generator.choice(["AA", "DL", "ÜA"], size=200)
    airport = generator.choice(["ATL", "JFK", ""], size=200)
    table = np.empty((200, 4), dtype=object)
    table[:, 0], table[:, 1], table[:, 2], table[:, 3] = numbers[:, 0], numbers[:, 1], carrier, airport
    late = np.where(numbers[:, 0] + (carrier == "DL") - (airport == "JFK") > 0.2, "late", "on time")
    model.fit(table, late)
    types = [
        ("distance", FloatTensorType([None, 1])),
        ("hour", FloatTensorType([None, 1])),
        ("carrier", StringTensorType([None, 1])),
        ("airport", StringTensorType([None, 1])),
    ]
    exported = to_onnx(model, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3})
    rows = table[:6].copy()
    rows[5, 2] = "never seen"
    inputs = {
        name: tensor(rows[:, [index]].astype(np.float32 if index < 2 else str))
        for index, (name, _) in enumerate(types)
    }
    outputs = {
        "output_label": tensor(model.predict(rows)),
        "output_probability": tensor(model.predict_proba(rows).astype(np.float32)),
    }
    save("pipeline", exported, inputs, outputs)


def multiple_outputs():
    targets = np.stack([species, (features[:, 0] > 5.8).astype(np.int64)], axis=1)
    model = MultiOutputClassifier(LogisticRegression(max_iter=1000)).fit(features, targets)
    exported = to_onnx(model, features[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    probabilities = model.predict_proba(ROWS)
    outputs = {"label": tensor(model.predict(ROWS))}
    for index, each in enumerate(probabilities):
        outputs[f"probabilities_{index}"] = tensor(each.astype(np.float32))
    save("multiple-outputs", exported, {"X": tensor(ROWS)}, outputs)


def ridge():
    """Its converter declares two columns of scores and gives one."""
    model = RidgeClassifier().fit(features, (species > 0).astype(np.int64))
    exported = to_onnx(model, features[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    scores = model.decision_function(ROWS).astype(np.float32)
    save("ridge", exported, {"X": tensor(ROWS)}, {"label": tensor(model.predict(ROWS)), "probabilities": tensor(scores[:, None])})


def boosted(name, model, convert):
    model.fit(features, species)
    exported = convert(model, initial_types=[("input", ToolsFloat([None, 4]))])
    outputs = {
        "label": tensor(model.predict(ROWS).astype(np.int64)),
        "probabilities": tensor(model.predict_proba(ROWS).astype(np.float32)),
    }
    save(name, exported, {"input": tensor(ROWS)}, outputs)


def perceptron():
    """By both exporters of PyTorch: weights in the model, and the larger ones in a file beside it."""
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3), nn.Softmax(dim=-1)).eval()
    rows = torch.from_numpy(ROWS)
    names = {"input_names": ["input"], "output_names": ["output"]}
    axes = {"input": {0: "batch"}, "output": {0: "batch"}}
    torch.onnx.export(model, (rows,), HERE / "mlp.onnx", dynamo=False, dynamic_axes=axes, **names)
    shapes = [{0: torch.export.Dim("batch")}]
    torch.onnx.export(
        model, (rows,), HERE / "pytorch.onnx", dynamo=True, external_data=True, dynamic_shapes=shapes, **names
    )
    answers = {"output": tensor(model(rows).detach().numpy())}
    for name in ("mlp", "pytorch"):
        answer(name, {"input": tensor(ROWS)}, answers)


scikit_learn("logistic-texts", LogisticRegression(max_iter=1000), names)
scikit_learn("logistic-numbers", LogisticRegression(max_iter=1000), species)
scikit_learn("random-forest", RandomForestClassifier(n_estimators=5, max_depth=4, random_state=1), names)
pipeline()
multiple_outputs()
ridge()
boosted("lightgbm", lightgbm.LGBMClassifier(n_estimators=4, num_leaves=5, verbose=-1), onnxmltools.convert_lightgbm)
boosted("xgboost", xgboost.XGBClassifier(n_estimators=4, max_depth=3), onnxmltools.convert_xgboost)
perceptron()
