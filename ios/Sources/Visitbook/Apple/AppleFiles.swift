// Where a device's folder may lie on an Apple phone. Only parsed where the tests run: see docs/device-trials.md.

#if os(iOS)
  import Foundation

  /// Makes the folder of a device: in no backup, and readable from the first unlock after a start, so that what is sealed can
  /// be sent while the phone is locked. What is in it is encrypted by the core besides.
  public func prepareFolder(_ folder: URL) throws {
    let protection: [FileAttributeKey: Any] = [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: protection)
    try FileManager.default.setAttributes(protection, ofItemAtPath: folder.path)
    var values = URLResourceValues()
    values.isExcludedFromBackup = true
    var folder = folder
    try folder.setResourceValues(values)
  }
#endif
