"""Rows 38–49 of the list of failure modes: what comes, what must happen, which tests show it, which files belong."""

from __future__ import annotations

import re
from dataclasses import dataclass

CORPUS = "tests/connected/intake_media/test_corpus.py"
WHISPER = "tests/connected/intake_media/test_transcription.py"
READER = "tests/connected/intake_media/test_media_reader.py"
SANDBOX = "tests/connected/intake_media/test_sandbox.py"
GATE = "tests/unit/intake_media/test_gate.py"
JOBS = "tests/unit/intake_media/test_transcribing.py"
UPLOADS = "tests/component/intake_media/test_uploading_a_recording.py"
HASH = "test_a_file_that_is_not_the_one_of_its_hash_is_400_and_nothing_is_kept"
EVERY = f"{CORPUS}::test_every_upload_is_refused_or_flagged_within_its_limits"


@dataclass(frozen=True)
class FailureMode:
    """One row; `files` matches the names of the corpus that belong to it."""

    comes: str
    must: str
    tests: tuple[str, ...]
    files: str = "$^"


ROWS: dict[int, FailureMode] = {
    38: FailureMode(
        "playlists (ffconcat, HLS, DASH, references) under the name of a recording",
        "refused; no other resident's file is read",
        (
            EVERY,
            f"{READER}::test_even_a_playlist_that_were_on_the_list_reaches_no_other_file",
            f"{READER}::test_formats_and_codecs_off_the_list_stay_closed",
        ),
        r"^(ffconcat|hls|dash|plain\.m3u|mov-with-foreign|smil|session)",
    ),
    39: FailureMode(
        "files that name addresses on the network",
        "refused; not a packet leaves",
        (EVERY, f"{READER}::test_no_job_has_a_network", f"{SANDBOX}::test_there_is_no_network"),
        r"http|-url|hls-master|hls-key|session|smil|svg|imagemagick",
    ),
    40: FailureMode(
        "bombs: ten hours in five megabytes, gigabytes claimed, gigantic pictures",
        "refused or capped within seconds, memory bounded",
        (
            EVERY,
            f"{CORPUS}::test_a_frame_that_would_cost_a_gigabyte_is_not_decoded",
            f"{READER}::test_memory_files_and_output_of_a_job_are_bounded",
            f"{SANDBOX}::test_processor_time_memory_and_file_size_are_bounded",
        ),
        r"ten-hours|bomb|claims-|cover|thousand|zip\.mp4|nesting|chain|amr-without|box-without-end",
    ),
    41: FailureMode(
        "a decoder that hangs, floods, forks or crashes",
        "killed at its deadline with all that it started; the others go on, nothing outlives its owner",
        (
            f"{READER}::test_a_job_that_spins_or_hangs_is_killed_with_its_children_and_the_others_go_on",
            f"{READER}::test_a_crash_costs_one_job",
            f"{READER}::test_a_killed_reader_is_replaced_with_the_next_job",
            f"{READER}::test_reader_and_jobs_die_with_a_killed_owner",
            f"{SANDBOX}::test_a_hang_and_all_its_children_end_at_the_wall_clock",
            f"{SANDBOX}::test_a_flood_of_output_is_read_but_not_kept",
            f"{SANDBOX}::test_cancelling_kills_the_program",
        ),
    ),
    42: FailureMode(
        "uploads that are cut or spoilt",
        "refused or flagged as damaged where the format can tell, refused where the sender gave a sha256",
        (EVERY, f"{UPLOADS}::{HASH}"),
        r"^(cut-at|bits-flipped)",
    ),
    43: FailureMode(
        "recordings longer than the limit or than they say",
        "never cut in silence: refused, or the difference flagged",
        (EVERY,),
        r"eleven-minutes|twenty-minutes|claims-100-seconds|claims-4-gb|an-hour-between",
    ),
    44: FailureMode(
        "polyglots, wrong types, hostile names",
        "the contents decide; names are ours alone",
        (
            EVERY,
            f"{UPLOADS}::test_what_is_no_recording_whatever_its_name_is_415_in_the_readers_language",
            "tests/component/intake_media/test_playing_media.py::test_the_copy_plays_and_can_do_no_harm",
        ),
        r"^(empty|one-byte|zeros|random|text|page|data|zip|gzip|tar|program|document|picture|animation|music|tone-gen|"
        r"console|subtitles|riff|matroska|ogg-head|ftyp|svg|imagemagick|metadata-that)",
    ),
    45: FailureMode(
        "place and device in the file",
        "in nothing that is made or served; originals are never served",
        (
            f"{CORPUS}::test_pictures_of_a_video_carry_no_place_and_no_title",
            "tests/component/intake_media/test_playing_media.py::test_everything_else_is_404_alike",
        ),
        r"with-place",
    ),
    46: FailureMode(
        "silence, noise, music, hum, traffic, babble",
        "nobody speaks: no text, a person listens; real notes over it still come through",
        (
            f"{WHISPER}::test_nothing_that_says_nothing_comes_out_as_clear_text",
            f"{WHISPER}::test_real_notes_come_through_with_noise_beneath",
        ),
    ),
    47: FailureMode(
        "loops, echoes of the prompt, known inventions",
        "dropped or doubtful",
        (f"{GATE}::test_invented_text_is_worthless", f"{GATE}::test_weak_text_is_doubtful_and_kept"),
    ),
    48: FailureMode(
        "another language, Traditional characters",
        "flagged, or converted",
        (
            f"{WHISPER}::test_nothing_that_says_nothing_comes_out_as_clear_text",
            f"{WHISPER}::test_traditional_becomes_simplified_and_numbers_stay",
        ),
    ),
    49: FailureMode(
        "out of memory, a crash inside Whisper",
        "the child dies, the job is tried again at most twice, the worker lives",
        (
            f"{WHISPER}::test_a_lost_child_is_replaced_and_the_job_done",
            f"{WHISPER}::test_too_little_memory_is_an_error_and_not_the_end",
            f"{JOBS}::test_a_crash_is_tried_again_and_given_up_after_two_repeats",
        ),
    ),
}


def row_of(name: str) -> list[int]:
    """Rows that a file of the corpus belongs to; odd sound alone belongs to none."""
    return [number for number, row in ROWS.items() if re.search(row.files, name)]
