#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes dist/release/ of what `make packages` has built: packages and archives, what each program is made of (CycloneDX),
# the notes of the release, and checksums of all. With TAG=v0.2.0 it is that release, and must be told of everywhere;
# without it, it is a trial, whose notes are those of the next release.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly exporter=github.com/otelcol-adobetarget/adobetargetexporter
version=$(sed -n 's/^  version: *//p' builder-config.yaml)
built=$(scripts/version.sh)
out=dist/release
rm -rf $out
mkdir -p $out

section() { # the section of this version in the changelog, without its heading
  awk -v heading="## v$version" '/^## / { inside = $0 == heading; next } inside' CHANGELOG.md | sed '/./,$!d'
}

chloggen() { .tools/chloggen --config .chloggen/config.yaml "$@"; }
pending=$(find .chloggen -name '*.yaml' ! -name TEMPLATE.yaml ! -name config.yaml)

refuse() { # refuse <what is wrong, and what to do>
  echo "scripts/release.sh: $*" >&2
  exit 1
}

if [[ -n ${TAG:-} ]]; then
  [[ $TAG == "v$version" ]] || refuse "the tag is $TAG, and builder-config.yaml has version $version: set it there first"
  [[ ${built/\~/-} == "$version" ]] || refuse "this commit is $built: release from the commit that has the tag $TAG"
  git diff --quiet HEAD || refuse "files are not as they were committed: commit or undo what 'git status' shows"
  [[ -z $pending ]] || refuse "entries are not in CHANGELOG.md yet: make chlog-update VERSION=$TAG"
  section >$out/notes.md
  [[ -s $out/notes.md ]] || refuse "CHANGELOG.md has nothing under '## $TAG'"
elif [[ -n $pending ]]; then
  chloggen update --dry --version "v$version" | sed '1,/^## /d' | sed '/./,$!d' >$out/notes.md
  echo "a trial: the notes are those of $(wc -l <<<"$pending") entries in .chloggen/"
else
  section >$out/notes.md
fi

# GitHub makes a dot of the ~ that sorts 0.2.0~rc.1 before 0.2.0.
for file in dist/packages/*; do
  name=${file##*/}
  cp "$file" "$out/${name//\~/-}"
done

# The exporter is built from this checkout, of which a program knows no more than where it is. The time is that of the
# commit: the same commit makes the same files.
when=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" +%Y-%m-%dT%H:%M:%SZ)
for folder in dist/linux_*/; do
  arch=$(basename "$folder")
  for program in otelcol-adobetarget adobetarget; do
    .tools/cyclonedx-gomod bin -json -noserial -notimestamp -std -version "v$version" "$folder$program" 2>/dev/null |
      jq --arg exporter "$exporter" --arg version "v$version" --arg when "$when" '
        def mend: gsub("pkg:golang/(\\.\\.|%2E%2E)[^@]*@\\(devel\\)"; "pkg:golang/\($exporter)@\($version)");
        walk(if type == "string" then mend else . end)
        | .components |= map(if .version == "(devel)" then .name = $exporter | .version = $version else . end)
        | .metadata.timestamp = $when' >"$out/${program}_${built/\~/-}_$arch.cdx.json"
  done
done

(cd $out && find . -type f ! -name notes.md ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
echo "$out:"
(cd $out && ls -sh)
