//! What the name of a file tells: secrets, binaries, generated and minified files that need not
//! be opened to be left out.

use super::SkipReason;

/// The reason to leave out the file at `path` for its name alone.
pub fn skip_by_name(path: &str) -> Option<SkipReason> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if is_secret(folder, &name, extension) {
        Some(SkipReason::Secret)
    } else if is_binary(extension) {
        Some(SkipReason::Binary)
    } else if is_generated(&name, extension) {
        Some(SkipReason::Generated)
    } else if is_minified(&name) {
        Some(SkipReason::Minified)
    } else {
        None
    }
}

/// Whether files of this name exist to hold credentials. `name` is in lower case.
fn is_secret(folder: &str, name: &str, extension: &str) -> bool {
    if is_env_file(name, extension) {
        return true;
    }
    #[rustfmt::skip]
    let by_extension = matches!(
        extension,
        "pem" | "key" | "p8" | "p12" | "pfx" | "pkcs12" | "jks" | "keystore" | "ppk" | "kdbx"
            | "ovpn" | "tfstate" | "keytab" | "mobileprovision" | "agekey"
    );
    #[rustfmt::skip]
    let by_name = matches!(
        name,
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | "id_ecdsa_sk" | "id_ed25519_sk"
            | ".netrc" | "_netrc" | ".pypirc" | ".pgpass" | ".my.cnf" | ".git-credentials"
            | ".dockercfg" | ".htpasswd" | "htpasswd" | ".s3cfg" | ".boto" | ".vault-token"
            | "kubeconfig" | ".envrc" | "credentials" | "credentials.json"
            | "terraform.tfstate.backup" | "service-account.json" | "service_account.json"
            | "serviceaccount.json" | "serviceaccountkey.json" | "service-account-key.json"
            | "service_account_key.json" | "gcp-key.json" | "master.key"
    );
    // The name that Google's console gives to a downloaded OAuth client.
    let by_prefix = name.starts_with("client_secret_") && extension == "json";
    let last_folder = folder.rsplit('/').next().unwrap_or("");
    let by_folder =
        matches!((last_folder, name), (".aws", "config") | (".kube", "config") | (".docker", "config.json"));
    by_extension || by_name || by_prefix || by_folder
}

/// Whether the file sets environment variables for one installation, rather than showing how to.
fn is_env_file(name: &str, extension: &str) -> bool {
    const SHOWN_TO_EVERYONE: [&str; 5] = ["example", "sample", "template", "dist", "defaults"];
    let sets_variables = name == ".env" || name.starts_with(".env.") || extension == "env";
    sets_variables && !name.split(['.', '-', '_']).any(|part| SHOWN_TO_EVERYONE.contains(&part))
}

/// Whether files with this extension (in lower case) are never text worth reading.
#[rustfmt::skip]
fn is_binary(extension: &str) -> bool {
    matches!(
        extension,
        // Images.
        "png" | "jpg" | "jpeg" | "gif" | "bmp" | "ico" | "icns" | "webp" | "avif" | "heic" | "tif"
            | "tiff" | "psd" | "xcf" | "tga" | "dds" | "exr" | "hdr" | "ktx" | "ktx2"
        // Sound and film.
            | "mp3" | "mp4" | "m4a" | "m4v" | "wav" | "flac" | "ogg" | "oga" | "ogv" | "opus"
            | "aac" | "aiff" | "avi" | "mov" | "mkv" | "webm" | "wmv" | "flv" | "mid" | "midi"
        // Fonts.
            | "woff" | "woff2" | "ttf" | "ttc" | "otf" | "eot"
        // Archives.
            | "zip" | "gz" | "tgz" | "bz2" | "tbz2" | "xz" | "txz" | "zst" | "lz4" | "lzma" | "7z"
            | "rar" | "tar" | "jar" | "war" | "ear" | "aar" | "apk" | "ipa" | "nupkg" | "whl"
            | "egg" | "gem" | "crate" | "deb" | "rpm" | "dmg" | "iso" | "cab" | "msi" | "vsix"
        // Programs and parts of programs.
            | "exe" | "dll" | "so" | "dylib" | "a" | "o" | "pdb" | "class" | "pyc"
            | "pyo" | "pyd" | "wasm" | "elc" | "beam" | "rlib" | "rmeta" | "nib"
        // Documents that are not text.
            | "pdf" | "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "xls" | "ppt" | "epub"
        // Data.
            | "db" | "sqlite" | "sqlite3" | "mdb" | "parquet" | "feather" | "arrow" | "orc" | "avro"
            | "npy" | "npz" | "pkl" | "pickle" | "h5" | "hdf5" | "onnx" | "safetensors" | "gguf"
            | "pth" | "tflite" | "joblib" | "rdb" | "ldb" | "bin"
        // Models and drawings.
            | "blend" | "fbx" | "glb" | "stl" | "fig" | "sketch" | "swf"
    )
}

/// Whether a tool writes files of this name.
fn is_generated(name: &str, extension: &str) -> bool {
    #[rustfmt::skip]
    let is_lock_file = matches!(
        name,
        "cargo.lock" | "package-lock.json" | "npm-shrinkwrap.json" | "yarn.lock"
            | "pnpm-lock.yaml" | "bun.lock" | "bun.lockb" | "deno.lock" | "go.sum" | "go.work.sum"
            | "poetry.lock" | "uv.lock" | "pdm.lock" | "pipfile.lock" | "pixi.lock"
            | "conda-lock.yml" | "composer.lock" | "gemfile.lock" | "podfile.lock"
            | "package.resolved" | "cartfile.resolved" | "mix.lock" | "rebar.lock"
            | "pubspec.lock" | "flake.lock" | "packages.lock.json" | "paket.lock"
            | "gradle.lockfile" | "stack.yaml.lock" | "cabal.project.freeze" | "renv.lock"
            | "shard.lock" | "module.bazel.lock" | ".terraform.lock.hcl" | "project.assets.json"
    );
    if is_lock_file || matches!(extension, "snap" | "tsbuildinfo") {
        return true;
    }
    // Every name below has a second dot or an underscore before the extension.
    #[rustfmt::skip]
    const ENDINGS: [&str; 34] = [
        "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", ".pb.go", ".pb.gw.go", ".pb.cc",
        ".pb.h", ".pb.swift", ".pb.dart", ".pbenum.dart", ".pbjson.dart", ".pbgrpc.dart",
        "_pb.js", "_pb.ts", "_pb.d.ts", "_pb.rb", "_grpc_pb.js", "_grpc_pb.d.ts", ".g.dart",
        ".freezed.dart", ".gr.dart", ".mocks.dart", ".designer.cs", ".designer.vb", ".g.cs",
        ".g.i.cs", ".gen.go", ".gen.ts", ".js.map", ".mjs.map", ".cjs.map", ".css.map", ".ts.map",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.contains(".generated.")
        || (name.starts_with("zz_generated") && extension == "go")
}

/// Whether the name says that the line breaks were taken out.
fn is_minified(name: &str) -> bool {
    const ENDINGS: [&str; 6] = [".min.js", ".min.mjs", ".min.cjs", ".min.css", "-min.js", "-min.css"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_need_not_be_opened() {
        #[rustfmt::skip]
        let cases: [(SkipReason, &[&str]); 4] = [
            (
                SkipReason::Secret,
                &[
                    ".env", "app/.env.local", ".env.production", "prod.env", ".ENV", "id_rsa",
                    "home/.ssh/id_ed25519", "server.key", "ca.pem", "x.p12", "x.PFX", "a.jks",
                    "release.keystore", ".netrc", ".pypirc", ".htpasswd", ".aws/credentials",
                    ".aws/config", ".kube/config", "credentials.json", "service-account.json",
                    "client_secret_123.apps.googleusercontent.com.json", "terraform.tfstate",
                ],
            ),
            (
                SkipReason::Binary,
                &["logo.png", "a/b.JPG", "lib.so", "app.jar", "x.tar.gz", "m.wasm", "f.woff2"],
            ),
            (
                SkipReason::Generated,
                &[
                    "Cargo.lock", "web/package-lock.json", "yarn.lock", "pnpm-lock.yaml", "go.sum",
                    "poetry.lock", "composer.lock", "uv.lock", "Gemfile.lock", "api_pb2.py",
                    "api_pb2_grpc.py", "api.pb.go", "user.g.dart", "Form.Designer.cs",
                    "types.generated.ts", "zz_generated.deepcopy.go", "a.js.map", "a.test.js.snap",
                ],
            ),
            (SkipReason::Minified, &["jquery.min.js", "a/bootstrap.min.css", "lib-min.js"]),
        ];
        for (reason, paths) in cases {
            for path in paths {
                assert_eq!(skip_by_name(path), Some(reason), "{path}");
            }
        }
    }

    #[test]
    fn names_of_ordinary_files_tell_nothing() {
        #[rustfmt::skip]
        let paths = [
            "", "/", "a", "src/main.rs", ".env.example", ".env.sample", "prod.example.env",
            ".env.template", "src/env.rs", "environment.py", "id_rsa.pub", "id_rsa.go",
            "src/credentials.py", "secrets.yaml", "key.rs", "pem.go", "keystore.ts", ".npmrc",
            "config", "docker/config.json", "lock.rs", "src/lock", "flock.c", "pb.go", "min.js",
            "admin.js", "generated.rs", "generated/mod.rs", "pb2.py", "snap.rs", "README",
            "Makefile", "data.json", "logo.svg", "index.d.ts", "map.js", "tests/png.rs",
        ];
        for path in paths {
            assert_eq!(skip_by_name(path), None, "{path}");
        }
    }
}
