import Glibc

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

func removeTree(_ folder: String) {
    for name in names(in: folder) where unlink("\(folder)/\(name)") != 0 { removeTree("\(folder)/\(name)") }
    rmdir(folder)
}

func write(_ bytes: [UInt8], to path: String) {
    let file = fopen(path, "w")
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
