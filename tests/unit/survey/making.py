"""Config repos as text, read without Git."""

from automator.git.mirror import Blob, BlobId
from automator.model.field import RepoPath
from automator.scan.file import scan_file
from automator.survey.containers import match_policies
from automator.survey.manifests import ALL_DIALECTS, read_across, read_file
from automator.survey.snapshot import ReadFile, Snapshot


def read_files(files, dialects=ALL_DIALECTS):
    return {
        RepoPath(path): read_file(scan_file(RepoPath(path), text.encode()), dialects)
        for path, text in files.items()
    }


def make_snapshot(files, dialects=ALL_DIALECTS):
    readings = read_files(files, dialects)
    return Snapshot(
        commit="0" * 40,
        files={
            path: ReadFile(blob=Blob("100644", BlobId(path)), reading=reading)
            for path, reading in readings.items()
        },
        across=read_across(readings, dialects),
        parsed=len(readings),
    )


def make_containers(files, rules=(), dialects=ALL_DIALECTS):
    return match_policies(make_snapshot(files, dialects), rules)
