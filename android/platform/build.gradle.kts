// NOT RUN IN CI: see settings.gradle.kts. Makes the AAR: the Kotlin library, what only Android has, and the native library.
plugins {
    alias(libs.plugins.android.library)
}

android {
    namespace = "visitbook.android"
    compileSdk = libs.versions.compileSdk.get().toInt()
    ndkVersion = libs.versions.ndk.get()

    defaultConfig {
        minSdk = libs.versions.minSdk.get().toInt()
        consumerProguardFiles("consumer-rules.pro")
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    lint {
        warningsAsErrors = true
        lintConfig = file("lint.xml")
    }
}

dependencies {
    api(project(":bindings"))
    implementation(variantOf(libs.jna) { artifactType("aar") })
}

/** Builds the native library for each ABI with cargo-ndk, in the layout of a jniLibs folder. */
abstract class CargoNdk : DefaultTask() {
    @get:Inject abstract val execution: ExecOperations

    @get:Internal abstract val workspace: DirectoryProperty

    @get:Input abstract val abis: ListProperty<String>

    @get:Input abstract val minSdk: Property<String>

    @get:Internal abstract val ndk: DirectoryProperty

    @get:OutputDirectory abstract val libraries: DirectoryProperty

    @TaskAction
    fun build() {
        execution.exec {
            workingDir = workspace.get().asFile
            environment("ANDROID_NDK_HOME", ndk.get().asFile.path)
            // The alignment of 16 KB is in .cargo/config.toml, for whoever builds without Gradle.
            val cargo =
                listOf("cargo", "ndk", "--platform", minSdk.get(), "--output-dir", libraries.get().asFile.path) +
                    abis.get().flatMap { listOf("--target", it) }
            environment("CARGO", cargo.joinToString(" "))
            commandLine("bindings/phone.sh", "--locked")
        }
    }
}

androidComponents {
    onVariants { variant ->
        val cargoNdk =
            tasks.register<CargoNdk>("cargoNdk${variant.name.replaceFirstChar(Char::uppercase)}") {
                workspace = rootProject.layout.projectDirectory.dir("..")
                abis = listOf("arm64-v8a", "armeabi-v7a", "x86_64")
                minSdk = libs.versions.minSdk
                ndk = sdkComponents.ndkDirectory
                // Cargo knows what has changed; Gradle does not.
                outputs.upToDateWhen { false }
            }
        variant.sources.jniLibs?.addGeneratedSourceDirectory(cargoNdk, CargoNdk::libraries)
    }
}
