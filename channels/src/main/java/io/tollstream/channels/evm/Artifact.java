package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * A compiled contract of this project, as it is committed.
 *
 * @param deployed the code as it stands on chain, but for its immutables
 */
record Artifact(String bytecode, JsonNode abi, DeployedCode deployed) {

  static Artifact load(String contract) {
    String resource = "contracts/" + contract + ".json";
    try (InputStream file = Artifact.class.getResourceAsStream(resource)) {
      if (file == null) {
        throw new IllegalStateException("missing resource " + resource);
      }
      JsonNode artifact = new ObjectMapper().readTree(file);
      return new Artifact(
          artifact.required("bytecode").asText(),
          artifact.required("abi"),
          DeployedCode.of(artifact));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
