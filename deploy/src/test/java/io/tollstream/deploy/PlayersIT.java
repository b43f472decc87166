package io.tollstream.deploy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Unmodified players, pointed at the paying proxy, play the film to its end. */
@ExtendWith(DemoExtension.class)
class PlayersIT {
  private static final long FILM_MICROS = 60_000_000;
  private static final long END_MICROS = 200_000; // the last frame and the last audio packet
  private static final Pattern PLAYED = Pattern.compile("out_time_us=(\\d+)");

  @ParameterizedTest
  @ValueSource(strings = {"/film.mp4", "/film/index.m3u8"})
  void ffmpeg_throughThePayer_decodesTheWholeFilm(String path, Demo demo) throws Exception {
    String url = demo.payer(path).toString();
    List<String> command =
        Program.of(
            "ffmpeg",
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-xerror",
            "-progress",
            "pipe:1",
            "-i",
            url,
            "-f",
            "null",
            "-");
    String output = Program.run(command).orFail().output();
    assertTrue(Math.abs(playedMicros(output) - FILM_MICROS) <= END_MICROS, output);
  }

  private static long playedMicros(String output) {
    Matcher played = PLAYED.matcher(output);
    long last = 0;
    while (played.find()) {
      last = Long.parseLong(played.group(1));
    }
    return last;
  }

  @ParameterizedTest
  @ValueSource(strings = {"--no-video", "--vo=null"})
  void mpv_throughThePayer_playsToTheEnd(String option, Demo demo) throws Exception {
    assertPlayed(option, demo.payer("/film.mp4").toString());
  }

  @Test
  void mpv_playlistThroughThePayer_playsToTheEnd(Demo demo) throws Exception {
    assertPlayed("--vo=null", demo.payer("/film/index.m3u8").toString());
  }

  private static void assertPlayed(String option, String url) throws Exception {
    List<String> command =
        Program.of(
            "mpv",
            "mpv",
            "--no-config",
            "--ao=null",
            "--ao-null-untimed",
            "--untimed",
            option,
            url);
    String output = Program.run(command).orFail().output();
    assertTrue(output.contains("End of file"), output);
  }
}
