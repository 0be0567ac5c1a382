// NOT RUN IN CI: neither Gradle, Google's SDK nor the NDK is there. CI builds and tests the same sources with Maven (pom.xml) and
// holds both to gradle/libs.versions.toml. Written after the documentation of AGP 9.5; whoever runs it first, mend it and say so.
//
//   cargo install cargo-ndk; rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android
//   gradle -p android :platform:assembleRelease

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "visitbook-android"
include(":bindings", ":platform")
