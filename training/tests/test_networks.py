"""Hiera, SegFormer and ConvNeXt: sizes, shapes, published weights, gradients, export."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2Model,
    SegformerConfig,
    SegformerForImageClassification,
    UperNetConfig,
)
from transformers.models.upernet.modeling_upernet import UperNetHead

from windhover_train.networks.convnext import convnext_upernet
from windhover_train.networks.hiera import Hiera, hiera_upernet
from windhover_train.networks.pretrained import SegmentationModel
from windhover_train.networks.segformer import segformer
from windhover_train.networks.similarity import ConvSimilarity
from windhover_train.networks.upernet import UPerHead, average_pool

CLASSES = 5
MAKERS: dict[str, Callable[[], SegmentationModel]] = {
    "hiera": lambda: hiera_upernet("tiny", CLASSES, 32),
    "segformer": lambda: segformer("b0", CLASSES),
    "convnext": lambda: convnext_upernet(CLASSES, 32),
}


@pytest.fixture(scope="module", params=MAKERS)
def model(request: pytest.FixtureRequest) -> SegmentationModel:
    """One of each kind, small, with random weights of a size that makes every layer count."""
    torch.manual_seed(0)
    made = MAKERS[request.param]()
    for name, parameter in made.named_parameters():
        if parameter.dim() > 1 or name.endswith("layer_scale_parameter"):
            nn.init.normal_(parameter, std=0.05)
    return made


def millions(*networks: nn.Module) -> float:
    return sum(parameter.numel() for network in networks for parameter in network.parameters()) / 1e6


def test_networks_have_as_many_parameters_as_the_paper_counts() -> None:
    """Equal to the last digit, with the 12 classes of RuralScapes; UAVid's 8 make SegFormer-B2 27.35 M."""
    classes = 12
    with torch.device("meta"):
        small = hiera_upernet("small", classes, 256)
        # The paper counts the auxiliary head that its ConvNeXt trained with; it gives no output, so there is none here.
        auxiliary = nn.Sequential(
            nn.Conv2d(384, 256, 3, bias=False), nn.BatchNorm2d(256), nn.ReLU(), nn.Conv2d(256, classes, 1)
        )
        counted = {
            "Hiera-S": millions(Hiera("small")),
            "Hiera-S + UPerNet": millions(small),
            "SSP on it": millions(small, ConvSimilarity(small.feature_channels)),
            "Hiera-B+ + UPerNet": millions(hiera_upernet("base-plus", classes, 512)),
            "ConvNeXt-S + UPerNet": millions(convnext_upernet(classes, 512), auxiliary),
            "SegFormer-B2": millions(segformer("b2", classes)),
            "SegFormer-B3": millions(segformer("b3", classes)),
        }
    assert {name: round(count, 2) for name, count in counted.items()} == {
        "Hiera-S": 33.95,
        "Hiera-S + UPerNet": 43.17,
        "SSP on it": 43.38,
        "Hiera-B+ + UPerNet": 101.01,
        "ConvNeXt-S + UPerNet": 81.77,
        "SegFormer-B2": 27.36,
        "SegFormer-B3": 47.23,
    }


@pytest.mark.parametrize(("height", "width"), [(64, 96), (160, 128)])
def test_logits_and_features_are_at_stride_4(model: SegmentationModel, height: int, width: int) -> None:
    with torch.inference_mode():
        logits, features = model.eval()(torch.randn(2, 3, height, width))
    assert height % model.size_multiple == width % model.size_multiple == 0
    assert logits.shape == (2, CLASSES, height // 4, width // 4)
    assert features.shape == (2, model.feature_channels, height // model.feature_stride, width // model.feature_stride)
    assert logits.isfinite().all() and float(logits.std()) > 0


def test_gradients_reach_every_layer(model: SegmentationModel) -> None:
    model.train().zero_grad()
    # Two images: batch norm cannot learn from the one value that pooling leaves of a single image.
    logits, _ = model(torch.randn(2, 3, 64, 96))
    F.cross_entropy(logits, torch.randint(CLASSES, (2, 16, 24))).backward()
    assert [name for name, own in model.named_parameters() if own.grad is None or not own.grad.isfinite().all()] == []
    first = next(own for own in model.backbone_parameters() if own.dim() == 4 and own.shape[1] == 3)
    assert float(first.grad.abs().max()) > 0
    backbone = {id(parameter) for parameter in model.backbone_parameters()}
    assert backbone.isdisjoint(id(parameter) for parameter in model.head.parameters())
    assert len(backbone) + len(list(model.head.parameters())) == len(list(model.parameters()))


def test_onnx_computes_what_pytorch_computes(model: SegmentationModel) -> None:
    image = torch.randn(1, 3, 128, 160)
    with torch.inference_mode():
        expected = model.eval()(image)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = str(Path(folder) / "image.onnx")
        torch.onnx.export(model, (image,), path, input_names=["image"], opset_version=17, dynamo=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        results = session.run(None, {"image": image.numpy()})
    for result, wanted in zip(results, expected, strict=True):
        assert np.abs(result - wanted.numpy()).max() <= 1e-3 * max(1.0, float(wanted.abs().max()))


@pytest.mark.parametrize("size", [(23, 40), (12, 18), (2, 3), (1, 1)])
@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_average_pool_is_adaptive(size: tuple[int, int], bins: int) -> None:
    x = torch.randn(2, 3, *size)
    assert torch.allclose(average_pool(x, bins), F.adaptive_avg_pool2d(x, bins), atol=1e-6)


def test_upernet_head_is_the_published_one() -> None:
    """Against the head of transformers, given the same weights; it holds its classifier first, ours last."""
    torch.manual_seed(0)
    channels = (8, 16, 24, 32)
    theirs = UperNetHead(UperNetConfig(hidden_size=12, num_labels=CLASSES), channels).eval()
    weights = [value for name, value in theirs.state_dict().items() if not name.startswith("classifier.")]
    weights += [theirs.classifier.weight, theirs.classifier.bias]
    ours = UPerHead(channels, CLASSES, 12).eval()
    ours.load_state_dict(dict(zip(ours.state_dict(), weights, strict=True)))
    maps = [torch.randn(2, own, 46 >> level, 80 >> level) for level, own in enumerate(channels)]
    with torch.inference_mode():
        assert torch.allclose(ours(maps), theirs(maps), atol=1e-5)


def distinct(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """A tensor filled with a value of its own for each name; only that value takes room in a file."""
    return {name: torch.tensor(float(value)).expand(shape) for value, (name, shape) in enumerate(shapes.items())}


def sam2_tiny() -> dict[str, Tensor]:
    """Tensors named as in sam2.1_hiera_tiny.pt: the trunk in full, and one that does not belong to it."""
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (1, 96, 7, 7),
        "pos_embed_window": (1, 96, 8, 8),
        "patch_embed.proj.weight": (96, 3, 7, 7),
        "patch_embed.proj.bias": (96,),
    }
    inputs = [96, 96, *[192] * 2, *[384] * 7, 768]
    outputs = [96, *[192] * 2, *[384] * 7, *[768] * 2]
    for block, (before, after) in enumerate(zip(inputs, outputs, strict=True)):
        layers = {
            "norm1": (before,),
            "attn.qkv": (3 * after, before),
            "attn.proj": (after, after),
            "norm2": (after,),
            "mlp.layers.0": (4 * after, after),
            "mlp.layers.1": (after, 4 * after),
        }
        if before != after:
            layers["proj"] = (after, before)
        for layer, shape in layers.items():
            shapes[f"blocks.{block}.{layer}.weight"] = shape
            shapes[f"blocks.{block}.{layer}.bias"] = shape[:1]
    published = {f"image_encoder.trunk.{name}": shape for name, shape in shapes.items()}
    return distinct(published | {"no_mem_embed": (1, 1, 256)})


def value_of(network: nn.Module, name: str) -> float:
    """What a tensor from `distinct` is filled with, found in a network under its own name."""
    values = network.state_dict()[name].unique()
    assert len(values) == 1
    return float(values)


def test_hiera_tiny_is_what_transformers_makes_by_default() -> None:
    with torch.device("meta"):
        assert Hiera("tiny").network.config.to_dict() == Sam2HieraDetConfig().to_dict()


@pytest.fixture(scope="module")
def hiera() -> SegmentationModel:
    return MAKERS["hiera"]()


def test_hiera_loads_the_checkpoint_that_meta_publishes(hiera: SegmentationModel, tmp_path: Path) -> None:
    published = sam2_tiny()
    torch.save({"model": published}, tmp_path / "sam2.1_hiera_tiny.pt")
    hiera.load_backbone(tmp_path / "sam2.1_hiera_tiny.pt")
    for own, theirs in {
        "pos_embed": "pos_embed",
        "pos_embed_window": "pos_embed_window",
        "patch_embed.projection.weight": "patch_embed.proj.weight",
        "blocks.0.layer_norm1.bias": "blocks.0.norm1.bias",
        "blocks.1.proj.weight": "blocks.1.proj.weight",
        "blocks.3.attn.qkv.bias": "blocks.3.attn.qkv.bias",
        "blocks.4.attn.proj.weight": "blocks.4.attn.proj.weight",
        "blocks.10.layer_norm2.weight": "blocks.10.norm2.weight",
        "blocks.11.mlp.proj_in.weight": "blocks.11.mlp.layers.0.weight",
        "blocks.11.mlp.proj_out.bias": "blocks.11.mlp.layers.1.bias",
    }.items():
        assert value_of(hiera.backbone.network, own) == float(published[f"image_encoder.trunk.{theirs}"].max())


@pytest.mark.parametrize("prefix", ["vision_encoder.backbone.", ""])
def test_hiera_loads_weights_in_the_naming_of_transformers(
    hiera: SegmentationModel, tmp_path: Path, prefix: str
) -> None:
    with torch.device("meta"):
        source = Sam2Model(Sam2Config())
    network = source if prefix else source.vision_encoder.backbone
    published = distinct({name: tuple(value.shape) for name, value in network.state_dict().items()})
    torch.save(published, tmp_path / "pytorch_model.bin")
    hiera.load_backbone(tmp_path / "pytorch_model.bin")
    for name in hiera.backbone.network.state_dict():
        assert value_of(hiera.backbone.network, name) == float(published[prefix + name].max())


def test_segformer_loads_weights_as_the_hub_has_them(tmp_path: Path) -> None:
    source = SegformerForImageClassification(SegformerConfig()).eval()
    for parameter in source.parameters():
        nn.init.normal_(parameter, std=0.1)
    source.save_pretrained(tmp_path)
    published = load_file(tmp_path / "model.safetensors")
    assert torch.equal(
        published["segformer.encoder.block.0.1.attention.self.key.weight"],
        source.segformer.stages[0].blocks[1].attention.k_proj.weight,
    )
    loaded = segformer("b0", CLASSES).eval()
    loaded.load_backbone(tmp_path / "model.safetensors")
    image = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        expected = source.segformer(image, output_hidden_states=True).hidden_states
        assert all(torch.equal(own, wanted) for own, wanted in zip(loaded.backbone(image), expected, strict=True))


def test_convnext_loads_weights_as_the_hub_has_them(tmp_path: Path) -> None:
    with torch.device("meta"):
        source = ConvNextForImageClassification(ConvNextConfig(depths=[3, 3, 27, 3]))
    published = distinct({name: tuple(value.shape) for name, value in source.state_dict().items()})
    assert "convnext.encoder.stages.1.downsampling_layer.0.weight" in published
    torch.save(published, tmp_path / "pytorch_model.bin")
    loaded = MAKERS["convnext"]()
    loaded.load_backbone(tmp_path / "pytorch_model.bin")
    for name in loaded.backbone.network.state_dict():
        if name.startswith("hidden_states_norms."):
            assert value_of(loaded.backbone.network, name) == float(name.endswith("weight"))
        else:
            assert value_of(loaded.backbone.network, name) == float(published[f"convnext.{name}"].max())


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [(None, "there is no tensor {}"), ((2, 96), "{} has the shape (2, 96), not (384, 96)")],
)
def test_a_tensor_that_does_not_fit_is_named_and_nothing_is_loaded(
    hiera: SegmentationModel, tmp_path: Path, shape: tuple[int, ...] | None, complaint: str
) -> None:
    published = sam2_tiny()
    name = "image_encoder.trunk.blocks.0.mlp.layers.0.weight"
    del published[name]
    if shape is not None:
        published[name] = torch.zeros(shape)
    path = tmp_path / "broken.pt"
    torch.save({"model": published}, path)
    nn.init.constant_(hiera.backbone.network.patch_embed.projection.weight, -1.0)
    with pytest.raises(ValueError) as error:
        hiera.load_backbone(path)
    assert str(error.value) == f"{path}: {complaint.format(name)}"
    assert value_of(hiera.backbone.network, "patch_embed.projection.weight") == -1.0


@pytest.mark.parametrize("name", ["garbage.pt", "garbage.safetensors"])
def test_a_file_that_holds_no_weights_is_named(hiera: SegmentationModel, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not weights")
    with pytest.raises(ValueError, match=f"{name}: cannot be read as weights"):
        hiera.load_backbone(path)
