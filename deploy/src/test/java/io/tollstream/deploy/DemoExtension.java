package io.tollstream.deploy;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands every test the same demo, started for the first and stopped after the last. */
final class DemoExtension implements ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(DemoExtension.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Demo.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(Demo.class, type -> started(), Demo.class);
  }

  private static Demo started() {
    try {
      return Demo.start();
    } catch (Exception e) {
      throw new ParameterResolutionException("the demo did not start", e);
    }
  }
}
