"""The API as an ASGI application: `/graphql` and the health routes."""

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from prewatt_graphql.health import health_routes
from prewatt_graphql.metrics import Metrics
from prewatt_graphql.schema import build_schema
from prewatt_graphql.transport import Endpoint
from prewatt_platform.app import Platform


def build_api(platform: Platform, metrics: Metrics) -> Starlette:
    """The API of a started platform."""
    endpoint = Endpoint(build_schema(introspection=platform.settings.introspection), platform, metrics)
    app = Starlette(
        routes=[
            *health_routes(platform, metrics),
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
        ]
    )
    # a redirect would repeat the client's Host header as an address
    app.router.redirect_slashes = False
    return app
