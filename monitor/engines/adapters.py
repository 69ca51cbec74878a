"""The model and the LoRA adapters on it: what is loaded, and a forward pass over mixed rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load_file

from monitor.errors import EngineError

BASE = "__base__"  # PEFT's word for a row without an adapter
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

# Each of these changes what other rows of the batch would compute, or has no mixed form in PEFT.
_UNSHAREABLE = (
    "use_dora",
    "alora_invocation_tokens",
    "layer_replication",
    "modules_to_save",
    "trainable_token_indices",
)
# Other ways to begin training (PiSSA, OLoRA, CorDA, …) leave a changed base model behind.
_HARMLESS_BEGINNINGS = (True, False, None, "gaussian", "orthogonal", "eva")


# Memory is laid out when the trained weights come: nothing is drawn at random before.
_EMPTY = {"low_cpu_mem_usage": True, "autocast_adapter_dtype": False}


class AdapterModel:
    """A causal language model with any number of LoRA adapters; owned by one thread.

    PEFT's `adapter_names` registers hooks at every call and leaves them behind when the call
    fails; here they are registered once per loaded adapter and read the rows' names.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._peft: Any = None
        self._hooks: list[Any] = []
        self._row_names: list[str] | None = None
        self._selected = BASE  # what layers compute without row names
        self.names: tuple[str, ...] = ()

    def forward(self, names: Sequence[str], **inputs: Any) -> Any:
        """Run the model over rows, each with its own adapter (`BASE`: none)."""
        distinct = set(names)
        if len(distinct) == 1:  # saves two fifths of a step over indexing rows
            self._select(distinct.pop())
            return self._model(**inputs)
        self._select(next(name for name in distinct if name != BASE))
        self._row_names = list(names)
        try:
            return self._model(**inputs)
        finally:
            self._row_names = None

    def load(self, name: str, folder: Path) -> None:
        """Load an adapter's safetensors under a name without dots. Raises `EngineError`."""
        config = _config(folder)
        tensors = _tensors(folder)
        try:
            self._inject(name, config)
            self._fill(name, tensors)
        except EngineError:
            self.unload(name)
            raise
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            self.unload(name)
            raise EngineError(
                f"the adapter in {folder} does not fit this model: {error}"
            ) from error
        self._after_change()

    def unload(self, name: str) -> None:
        """Remove an adapter; do nothing if it is unknown."""
        if self._peft is None or name not in self._peft.peft_config:
            return
        others = [other for other in self._peft.peft_config if other != name]
        self._select(others[0] if others else BASE)  # PEFT warns when the selected one goes
        self._peft.base_model.delete_adapter(name)
        self._after_change()

    def _inject(self, name: str, config: Any) -> None:
        if self._peft is None:
            self._peft = PeftModel(self._model, config, name, **_EMPTY)
        else:
            self._peft.add_adapter(name, config, **_EMPTY)

    def _fill(self, name: str, tensors: dict[str, torch.Tensor]) -> None:
        """Set the weights; a key too many or too few would serve something nobody trained."""
        wanted = set(get_peft_model_state_dict(self._peft, adapter_name=name))
        if wanted != set(tensors):
            raise EngineError(_difference(wanted, set(tensors)))
        dtype = self._model.dtype
        set_peft_model_state_dict(
            self._peft,
            {key: tensor.to(dtype) for key, tensor in tensors.items()},
            adapter_name=name,
            low_cpu_mem_usage=True,
        )

    def _after_change(self) -> None:
        self._peft.eval()
        self._peft.requires_grad_(False)
        for hook in self._hooks:
            hook.remove()
        self._hooks = [
            module.register_forward_pre_hook(self._name_rows, with_kwargs=True)
            for module in self._peft.modules()
            if isinstance(module, LoraLayer)
        ]
        self.names = tuple(self._peft.peft_config)
        self._selected = ""  # PEFT chose on its own; the next pass selects anew

    def _name_rows(self, _module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        if self._row_names is None:
            return None
        return args, {**kwargs, "adapter_names": self._row_names}

    def _select(self, name: str) -> None:
        if name == self._selected or self._peft is None:
            return
        if name == BASE:
            self._peft.base_model.disable_adapter_layers()
        else:
            self._peft.base_model.enable_adapter_layers()
            self._peft.base_model.set_adapter(name, inference_mode=True)
        self._selected = name


def _config(folder: Path) -> Any:
    try:
        fields = json.loads((folder / CONFIG).read_text("utf-8"))
        if fields.get("peft_type") != "LORA":
            raise EngineError(f"{folder / CONFIG}: the local engine serves LoRA adapters only")
        refused = [field for field in _UNSHAREABLE if fields.get(field)]
        if fields.get("init_lora_weights", True) not in _HARMLESS_BEGINNINGS:
            refused.append("init_lora_weights")
        if fields.get("bias", "none") != "none":
            refused.append("bias")
        if refused:
            raise EngineError(
                f"{folder / CONFIG} uses {', '.join(refused)}, which the local engine cannot serve "
                "beside other versions; train a plain LoRA adapter or use another engine"
            )
        return LoraConfig.from_pretrained(str(folder))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EngineError(f"{folder / CONFIG} cannot be read: {error}") from error


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    try:
        tensors: dict[str, torch.Tensor] = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise EngineError(f"{folder / WEIGHTS} cannot be read: {error}") from error
    return tensors


def _difference(wanted: set[str], found: set[str]) -> str:
    missing, unknown = sorted(wanted - found), sorted(found - wanted)
    parts = [
        f"{len(keys)} {kind} (first: {keys[0]})"
        for kind, keys in (("missing", missing), ("unknown", unknown))
        if keys
    ]
    return f"the adapter's tensors do not match this model: {', '.join(parts)}"
