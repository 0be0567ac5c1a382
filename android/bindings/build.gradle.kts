// NOT RUN IN CI: see settings.gradle.kts. The tests of this module need a council's server and run under Maven alone.
plugins {
    alias(libs.plugins.kotlin.jvm)
}

kotlin {
    jvmToolchain(17)
    sourceSets.named("test") { kotlin.setSrcDirs(emptyList<String>()) }
}

dependencies {
    api(libs.coroutines.core)
    // A phone has JNA's AAR, with its native part, and would not take the jar beside it.
    compileOnly(libs.jna)
}
