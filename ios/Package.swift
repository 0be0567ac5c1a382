// swift-tools-version: 6.0
// The Swift package over the native library. On Apple systems the library is an XCFramework (`build-xcframework.sh`); on
// Linux, where the same sources are tested, it is the one that Cargo built, in the folder that VISITBOOK_LIBRARY names.
import PackageDescription

#if os(Linux)
  let folder = Context.environment["VISITBOOK_LIBRARY"] ?? "\(Context.packageDirectory)/../target/debug"
  let native: [Target] = [
    .systemLibrary(name: "VisitbookCoreFFI", path: "Sources/VisitbookCoreFFI")
  ]
  let linking: [LinkerSetting] = [
    .linkedLibrary("visitbook_ffi"),
    .unsafeFlags(["-L\(folder)", "-Xlinker", "-rpath", "-Xlinker", folder]),
  ]
#else
  let native: [Target] = [
    .binaryTarget(name: "VisitbookCoreFFI", path: "VisitbookCoreFFI.xcframework")
  ]
  let linking: [LinkerSetting] = []
#endif

let package = Package(
  name: "Visitbook",
  platforms: [.iOS(.v17), .macOS(.v14)],
  products: [.library(name: "Visitbook", targets: ["Visitbook"])],
  targets: native + [
    .target(name: "VisitbookCore", dependencies: ["VisitbookCoreFFI"], linkerSettings: linking),
    .target(name: "Visitbook", dependencies: ["VisitbookCore"]),
    .testTarget(name: "VisitbookTests", dependencies: ["Visitbook"]),
  ],
  swiftLanguageModes: [.v6]
)
