"""`python -m notifier`: settings, bootstrap, serve."""

from notifier.bootstrap import bootstrap
from notifier.settings import Settings
from shared.runtime import serve, telemetry

if __name__ == "__main__":
    read = Settings()  # type: ignore[call-arg]  # from the environment
    telemetry.configure(read.process_name or "notifier", read.log_level)
    app, state, port = bootstrap(read), read.minsheng_state, read.notifier_port
    serve.run(serve.serve(app, state=state, name="notifier", kind="service", host=read.host, port=port))
