"""Serve the residents' site and the text intake."""

from intake_web.bootstrap import bootstrap
from intake_web.settings import Settings
from shared.runtime import serve, telemetry

if __name__ == "__main__":
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    name = settings.process_name or "intake-web"
    telemetry.configure(name, settings.log_level)
    app, port = bootstrap(settings), settings.intake_web_port
    serve.run(serve.serve(app, state=settings.minsheng_state, name=name, kind="service", host=settings.host, port=port))
