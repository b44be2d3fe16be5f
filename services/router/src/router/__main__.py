"""`python -m router`: settings, bootstrap, serve."""

from router.bootstrap import bootstrap
from router.settings import Settings
from shared.runtime import serve, telemetry

if __name__ == "__main__":
    read = Settings()
    telemetry.configure(read.process_name or "router", read.log_level)
    app, state, port = bootstrap(read), read.minsheng_state, read.router_port
    serve.run(serve.serve(app, state=state, name="router", kind="service", host=read.host, port=port))
