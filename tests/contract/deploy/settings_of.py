"""Which environment variables each kind of process reads."""

from __future__ import annotations

from pydantic_settings import BaseSettings

import intake_media.settings
import intake_web.settings
import notifier.settings
import router.settings
from intake_media.whisper_settings import WhisperSettings
from shared.operations.principals import PRINCIPALS, password_variable
from shared.runtime.settings import ProcessSettings

CLASSES: dict[str, tuple[type[BaseSettings], ...]] = {
    "intake-web": (intake_web.settings.Settings,),
    "intake-media": (intake_media.settings.Settings,),
    "worker-voice": (intake_media.settings.WorkerSettings, WhisperSettings),
    "worker-video": (intake_media.settings.WorkerSettings, WhisperSettings),
    "router": (router.settings.Settings,),
    "notifier": (notifier.settings.Settings,),
    "provision": (ProcessSettings,),
    "hotline": (ProcessSettings,),
    "republish": (ProcessSettings,),
}
PORTS = {"intake-web": 8080, "intake-media": 8081, "router": 8082, "notifier": 8083}
WORKER_PORT = 8090
SECRETS = {"VAULT_KEY", "RECEIPT_KEY", "MEDIA_GRANT_KEY", "DESK_SESSION_KEY"}


def variables(process: str) -> set[str]:
    """Names that the process reads."""
    names = {name.upper() for settings in CLASSES[process] for name in settings.model_fields}
    return names | ({password_variable(service) for service in PRINCIPALS} if process == "provision" else set())


def secrets_read_by(process: str) -> set[str]:
    """Keys among them."""
    return variables(process) & SECRETS
