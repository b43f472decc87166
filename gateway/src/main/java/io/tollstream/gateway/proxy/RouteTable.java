package io.tollstream.gateway.proxy;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the route of a request: a named host before any, then the longest path. */
public final class RouteTable {
  private final List<Route> routes;

  public RouteTable(List<Route> routes) {
    this.routes =
        routes.stream()
            .sorted(
                Comparator.comparing((Route route) -> route.host().equals(Route.ANY_HOST))
                    .thenComparing(route -> -route.path().length()))
            .toList();
  }

  /**
   * The route of a request, or null.
   *
   * @param host as the request names it, with or without a port
   * @param path as {@link CanonicalPath} gives it
   */
  @Nullable Route find(@Nullable String host, String path) {
    String name = host == null ? "" : host.toLowerCase(Locale.ROOT);
    for (Route route : routes) {
      if (route.matches(name, path)) {
        return route;
      }
    }
    return null;
  }

  List<Route> routes() {
    return routes;
  }
}
