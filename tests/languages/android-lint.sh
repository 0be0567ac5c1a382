# Android Lint from the command line, without Gradle and without an SDK: kotlin.sh sources this when everything is compiled.
#
# What it cannot see here: calls that are newer than the oldest Android, since the list of them comes with the SDK
# (animal-sniffer looks for those); and what lies in an app, for there is none.

sdk=$scratch/sdk/platforms/android-35
if [ ! -e "$sdk/source.properties" ]; then
  mkdir -p "$sdk"
  copied "$sdk" org.robolectric:android-all:15-robolectric-13954326
  # Lint wants the framework under the name that it has in an SDK.
  mv "$sdk/android-all-15-robolectric-13954326.jar" "$sdk/android.jar"
  printf '%s\n' Pkg.Desc=Android Pkg.Revision=1 AndroidVersion.ApiLevel=35 Platform.Version=15 Layoutlib.Api=15 Layoutlib.Revision=1 \
    >"$sdk/source.properties"
fi

lint=$scratch/lint
mkdir -p "$lint"
maven --quiet --file android/pom.xml --projects bindings dependency:build-classpath -Dmdep.outputFile="$lint/classpath" >"$log" 2>&1
{
  # Lint looks for the manifest's own place, and finds nothing by relative paths.
  platform=$PWD/android/platform
  printf '<project>\n<sdk dir="%s"/>\n<root dir="%s"/>\n' "$scratch/sdk" "$platform"
  printf '<module name="platform" android="true" library="true" compile-sdk-version="android-35">\n'
  printf '<manifest file="%s"/>\n' "$platform/src/main/AndroidManifest.xml"
  find "$platform/src/main/res" -type f -printf '<resource file="%p"/>\n'
  find "$platform/src/main/kotlin" -name '*.kt' -printf '<src file="%p"/>\n'
  printf '<classpath jar="%s"/>\n' "$sdk/android.jar" "$scratch/visitbook/classes"
  tr ':' '\n' <"$lint/classpath" | sed 's|.*|<classpath jar="&"/>|'
  printf '</module>\n</project>\n'
} >"$lint/project.xml"

if ! java -Xmx3g -cp "$scratch/tools/lint/*" com.android.tools.lint.Main --project "$lint/project.xml" --sdk-home "$scratch/sdk" \
  --config android/platform/lint.xml -Wall -Werror --text "$lint/found.txt" --quiet --offline --exitcode >"$log" 2>&1; then
  cat "$lint/found.txt" 2>/dev/null || cat "$log"
  exit 1
fi
say "Android Lint: $(tail -1 "$lint/found.txt")"
