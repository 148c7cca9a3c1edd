"""Typed settings of the app, read once at start from GANSCOPE_* environment variables."""

import difflib
import functools
import os
import re
import sys
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "GANSCOPE_"
TEST_PREFIX = "GANSCOPE_TEST_"
NOT_THE_PAGES = {"GANSCOPE_DATA"}  # where `python -m training` keeps downloads

# What a text field must look like, and how a sentence says so.
TEXT_FORMS = {
    "host": (r"[A-Za-z0-9.:_-]+", "a host name or address"),
    "root_path": (r"(/|https?://)\S*[^\s/]", "a path such as `/ganscope` or a full http(s) address"),
    "device": (r"cpu|mps|cuda(:\d+)?", "`cpu`, `mps`, `cuda` or `cuda:N`"),
    "weights_repo": (r"[\w.-]+/[\w.-]+", "a repository name such as `owner/ganscope`"),
    "weights_revision": (r"[0-9a-f]{40}", "a full commit hash of 40 hexadecimal digits"),
    "queue": (r"rediss?://\S+", "an address such as `redis://host:6379/0`"),
    "space_id": (r"[\w.-]+/[\w.-]+", "a Space name such as `owner/ganscope`"),
}


class SettingsError(ValueError):
    """Say in one sentence which environment variable is wrong and what it must be."""


class Settings(BaseSettings):
    """Hold every setting of the app; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        # The app starts without a weights folder too, and says so in its tabs.
        validate_default=False,
    )

    host: str = Field(
        "127.0.0.1",
        validation_alias=AliasChoices("GANSCOPE_HOST", "GRADIO_SERVER_NAME"),
        description="Address to listen on; else `GRADIO_SERVER_NAME`; on a Space, `0.0.0.0` unless set.",
    )
    port: int = Field(
        7860,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("GANSCOPE_PORT", "GRADIO_SERVER_PORT"),
        description="Port to listen on; else `GRADIO_SERVER_PORT`.",
    )
    root_path: str = Field(
        "",
        validation_alias=AliasChoices("GANSCOPE_ROOT_PATH", "GRADIO_ROOT_PATH"),
        description="Where a reverse proxy serves the app; else `GRADIO_ROOT_PATH`.",
    )
    device: str | None = Field(
        None, description="Device for inference; unset, the best of CUDA, MPS and CPU is chosen and shown."
    )
    threads: int = Field(1, ge=1, le=64, description="Processor threads of one inference.")
    concurrency: int = Field(2, ge=1, le=64, description="Inferences that may run at the same time.")
    queue_size: int = Field(
        64, ge=1, le=10_000, description="Calls that may wait; further ones are told that the queue is full."
    )
    max_upload_mb: int = Field(
        10,
        ge=1,
        le=100,
        description="Largest picture that is accepted, in megabytes.",
    )
    decode_apart: bool | None = Field(
        None,
        description="Whether pictures are decoded in a process of their own, which has few rights; unset, they are "
        "where other machines can connect; on Linux only.",
    )
    weights_dir: Path = Field(ROOT / "weights", description="Folder that is searched first for weights.")
    runs_dir: Path = Field(
        ROOT / "runs", description="Folder of training runs, of uploaded pictures, and of weights taken from runs."
    )
    training: bool | None = Field(
        None,
        description="Whether the page may train; unset, it may where no other machine can connect or a password is "
        "set, and may not on a Space.",
    )
    training_token: str | None = Field(
        None, description="Password for whoever wants to train; required where training is on on a Space."
    )
    training_minutes: int = Field(240, ge=1, le=100_000, description="Longest training of one run, in minutes.")
    training_steps: int = Field(1_000_000, ge=1, le=1_000_000_000, description="Most steps of one run.")
    training_queued: int = Field(20, ge=1, le=1000, description="Runs that may wait for their turn.")
    training_free_mb: int = Field(
        1000, ge=0, le=10_000_000, description="Room that a new run must leave on the disk, in megabytes."
    )
    training_data_mb: int = Field(
        200, ge=1, le=2000, description="Largest .zip of pictures that may be uploaded to train on, in megabytes."
    )
    queue: str | None = Field(
        None,
        description="Redis whose workers (`python -m training worker`) train the runs; unset, this machine does.",
    )
    weights_repo: str | None = Field(
        None,
        description="Hugging Face Hub repository for weights that the folder lacks; unset, none is asked.",
    )
    weights_revision: str | None = Field(
        None, description="Commit of that repository; required with it, so that weights never change unasked."
    )
    space_id: str | None = Field(
        None,
        validation_alias="SPACE_ID",
        description="Name of the Hugging Face Space; set by the Space itself, not by hand.",
    )

    @field_validator(*TEXT_FORMS)
    @classmethod
    def _match_form(cls, value: str | None, info: ValidationInfo) -> str | None:
        form, words = TEXT_FORMS[str(info.field_name)]
        if value and not re.fullmatch(form, value):
            raise ValueError(words)
        return value

    @field_validator("weights_dir")
    @classmethod
    def _exists(cls, value: Path) -> Path:
        if not value.is_dir():
            raise ValueError("not a folder")
        return value

    @model_validator(mode="before")
    @classmethod
    def _listen_outside_on_a_space(cls, values: dict) -> dict:
        on_a_space = values.get("SPACE_ID") or values.get("space_id")
        if on_a_space and not any(name in values for name in ("host", *_variables("host"))):
            # A Space reaches its app from outside the container.
            return {**values, "host": "0.0.0.0"}  # noqa: S104
        return values

    @model_validator(mode="after")
    def _pin_the_repository(self) -> Self:
        if (self.weights_repo is None) != (self.weights_revision is None):
            missing, present = ("revision", "repo") if self.weights_repo else ("repo", "revision")
            raise ValueError(
                f"{PREFIX}WEIGHTS_{present.upper()} is set without {PREFIX}WEIGHTS_{missing.upper()}; "
                "set both or neither."
            )
        return self

    @model_validator(mode="after")
    def _guard_a_space(self) -> Self:
        if self.space_id and self.trains and not self.training_token:
            raise ValueError(
                f"{PREFIX}TRAINING is on, and anyone may visit a Space: set {PREFIX}TRAINING_TOKEN, or "
                f"{PREFIX}TRAINING=off."
            )
        return self

    @property
    def alone(self) -> bool:
        """Whether no other machine can connect, but through a proxy on this one."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def decodes_apart(self) -> bool:
        """Whether pictures are decoded in a process of their own."""
        wanted = self.decode_apart if self.decode_apart is not None else not self.alone
        return wanted and sys.platform == "linux"  # whose limits it is made of

    @property
    def trains(self) -> bool:
        """Whether the page may train."""
        if self.training is not None:
            return self.training
        return self.space_id is None and (self.alone or bool(self.training_token))


@functools.cache
def settings() -> Settings:
    """Return the settings, read once from the environment."""
    return load_settings()


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError, one sentence that names the variable, for a value that is not allowed and for a
    variable with our prefix that is not a setting.
    """
    known = {variable for name in Settings.model_fields for variable in _variables(name)}
    for variable in sorted(name.upper() for name in os.environ):
        ours = variable.startswith(PREFIX) and not variable.startswith(TEST_PREFIX) and variable not in NOT_THE_PAGES
        if ours and variable not in known:
            near = difflib.get_close_matches(variable, sorted(known), n=1, cutoff=0.85)
            hint = f"did you mean {near[0]}?" if near else "unset it, or see the settings in README.md."
            raise SettingsError(f"{variable} is not a setting of Ganscope; {hint}")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def settings_table() -> str:
    """Give the settings as the Markdown table that README.md holds."""
    rows = ["| Variable | Default | Allowed | Meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        cells = (f"`{_variables(name)[0]}`", _default(name), _allowed(name), field.description or "")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _variables(name: str) -> list[str]:
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias or "") or f"{PREFIX}{name.upper()}"]


def _allowed(name: str) -> str:
    if name in TEXT_FORMS:
        return TEXT_FORMS[name][1]
    others = {
        "weights_dir": "an existing folder",
        "runs_dir": "a folder, made where it is missing",
        "decode_apart": "`on` or `off`",
        "training": "`on` or `off`",
        "training_token": "any text",
    }
    if name in others:
        return others[name]
    metadata = Settings.model_fields[name].metadata
    low = next(bound.ge for bound in metadata if hasattr(bound, "ge"))
    high = next(bound.le for bound in metadata if hasattr(bound, "le"))
    return f"a whole number from {low} to {high}"


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if isinstance(default, Path):
        return f"`{default.relative_to(ROOT)}/`"
    return "unset" if default in (None, "") else f"`{default}`"


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return str(first["ctx"]["error"])
    key = str(first["loc"][0])
    name = next(field for field in Settings.model_fields if key == field or key in _variables(field))
    present = {variable.upper() for variable, value in os.environ.items() if value}
    variable = next(variable for variable in _variables(name) if variable in present)
    allowed = _allowed(name).replace("`", "")
    return f"{variable} is {first['input']!r}; set it to {allowed}, or unset it."
