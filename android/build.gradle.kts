// NOT RUN IN CI: see settings.gradle.kts.
//
// Both are named here so that AGP's built-in Kotlin is the same version as that of the plain Kotlin module.
plugins {
    alias(libs.plugins.android.library) apply false
    alias(libs.plugins.kotlin.jvm) apply false
}
