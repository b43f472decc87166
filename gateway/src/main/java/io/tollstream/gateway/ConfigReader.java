package io.tollstream.gateway;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.module.paramnames.ParameterNamesModule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the configuration; whatever is wrong with it is told with its place and its fix. */
final class ConfigReader {
  private static final ObjectMapper YAML =
      YAMLMapper.builder(new YAMLFactory())
          .addModule(new ParameterNamesModule(JsonCreator.Mode.PROPERTIES))
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** The configuration is not usable. */
  static final class ConfigException extends RuntimeException {
    ConfigException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private ConfigReader() {}

  /**
   * Reads a file.
   *
   * @throws ConfigException telling where and how to mend it
   */
  static GatewayConfig read(Path file) {
    try {
      return YAML.readValue(file.toFile(), GatewayConfig.class);
    } catch (UnrecognizedPropertyException e) {
      throw new ConfigException(
          // its line would be that of the object's end
          at(file, null) + path(e) + ": no such key; known are " + e.getKnownPropertyIds(), e);
    } catch (JsonMappingException e) {
      throw new ConfigException(at(file, e.getLocation()) + path(e) + ": " + reason(e), e);
    } catch (JsonProcessingException e) {
      throw new ConfigException(at(file, e.getLocation()) + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new ConfigException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static String at(Path file, @Nullable JsonLocation location) {
    return file + (location == null ? "" : ":" + location.getLineNr()) + ": ";
  }

  private static String path(JsonMappingException e) {
    return e.getPath().stream()
        .map(
            part -> part.getFieldName() == null ? "[" + part.getIndex() + "]" : part.getFieldName())
        .collect(Collectors.joining("."))
        .replace(".[", "[");
  }

  private static String reason(JsonMappingException e) {
    Throwable cause = e.getCause();
    return cause instanceof IllegalArgumentException && cause.getMessage() != null
        ? cause.getMessage()
        : e.getOriginalMessage();
  }
}
