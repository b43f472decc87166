package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CanonicalPathTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/                          | ''",
        "//                         | ''",
        "/film                      | /film",
        "/film/                     | /film",
        "//film///a.mp4//           | /film/a.mp4",
        "/film/a.mp4?x=/../y        | /film/a.mp4",
        "/film?                     | /film",
        "/film;v=1                  | /film",
        "/film;v=1;w/a.mp4;x        | /film/a.mp4",
        "/;x/film                   | /film",
        "/%66ilm                    | /film",
        "/fi%6Cm                    | /film",
        "/film/a+b                  | /film/a+b",
        "/film/a%20b                | /film/a b",
        "/film/100%25.mp4           | /film/100%.mp4",
        "/f%C3%A9e                  | /fée",
        "/film/..a/b..c/...         | /film/..a/b..c/...",
        "/film/.well-known          | /film/.well-known",
        "http://any.example/film    | /film",
        "HTTP://any.example:80/film/| /film",
        "http://any.example         | ''",
        "http://any.example?x=/film | ''",
        "/http://film               | /http:/film"
      })
  void of_onePlainReading_isThatPath(String uri, String expected) {
    assertEquals(expected, CanonicalPath.of(uri));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/film/../dear",
        "/film/..",
        "/./film",
        "/film/.",
        "/film/%2e%2e/dear",
        "/film/%2E./dear",
        "/film/.%2e/dear",
        "/film/%2e/a",
        "/film/..;/dear",
        "/film/..;x=y/dear",
        "/film/..%3b/dear",
        "/film/%252e%252e/dear",
        "/film/%25252e%25252e/dear",
        "/%2566ilm",
        "/film%252fa",
        "/film%255ca",
        "/film%2fa",
        "/film%2Fa",
        "/film%5ca",
        "/film%5Ca",
        "/film\\a",
        "/film\\..\\dear",
        "/film/%00",
        "/film/a%0d%0ab",
        "/film/%7f",
        "/film#dear",
        "/film%23dear",
        "/film/%",
        "/film/%2",
        "/film/%zz",
        "/film/%u002e%u002e",
        "/film/%c0%ae%c0%ae/dear",
        "/film/%ff",
        "/film/%e0%80%af",
        "http://any.example/film/../dear",
        "film",
        "",
        "*",
        "any.example:443",
        "?x=/film"
      })
  void of_moreThanOneReading_isNone(String uri) {
    assertNull(CanonicalPath.of(uri));
  }

  @Property(tries = 2_000)
  void of_anything_isNoneOrAPathThatReadsTheSameAgain(
      @ForAll
          @StringLength(max = 24)
          @Chars({'/', '.', '%', '2', 'e', 'f', '5', 'c', ';', '\\', 'a', ':', '?', '#', 'é'})
          String text) {
    String path = CanonicalPath.of("/" + text);
    if (path != null && path.indexOf('%') < 0) {
      assertEquals(path, again(path));
      assertEquals(-1, (path + "/").indexOf("/../"));
      assertEquals(-1, (path + "/").indexOf("//"));
    }
  }

  private static @Nullable String again(String path) {
    return CanonicalPath.of(path.isEmpty() ? "/" : path.replace("?", "%3F").replace(":", "%3A"));
  }

  @Test
  void originForm_absoluteForm_isWhatTheRouteWasChosenBy() {
    assertEquals("/film?x=1", CanonicalPath.originForm("http://any.example/film?x=1"));
    assertEquals("/?x=/film", CanonicalPath.originForm("http://any.example?x=/film"));
    assertEquals("/", CanonicalPath.originForm("http://any.example"));
    assertEquals("/film?u=http://a/b", CanonicalPath.originForm("/film?u=http://a/b"));
  }
}
