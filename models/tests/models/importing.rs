//! Folders, archives and libraries that were carried here.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use models::{Kind, MANIFEST, Source};
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::server::Server;
use super::{Store, library_names, network, noise};

const MODEL: [(&str, &[u8]); 4] = [
    ("model.onnx", b"graph"),
    ("model.onnx.data", b"weights"),
    ("tokenizer.json", b"{}"),
    ("1_Pooling/config.json", b"{}"),
];

fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("create");
        fs::write(path, content).expect("write");
    }
}

fn zip(path: PathBuf, files: &[(&str, &[u8])]) -> PathBuf {
    let mut zip = ZipWriter::new(File::create(&path).expect("create"));
    for (path, content) in files {
        zip.start_file(*path, SimpleFileOptions::default()).expect("start");
        zip.write_all(content).expect("write");
    }
    zip.finish().expect("finish");
    path
}

/// Takes any path, as an attacker would.
fn append(builder: &mut Builder<impl Write>, path: &str, kind: EntryType, link: &str, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    builder.append(&header, content).expect("append");
}

fn tar(path: PathBuf, files: &[(&str, &[u8])]) -> PathBuf {
    let mut builder = Builder::new(File::create(&path).expect("create"));
    for (path, content) in files {
        append(&mut builder, path, EntryType::Regular, "", content);
    }
    builder.finish().expect("finish");
    path
}

fn gzip(path: &Path, ending: &str) -> PathBuf {
    let zipped = path.with_extension(ending);
    let mut encoder = GzEncoder::new(File::create(&zipped).expect("create"), Compression::fast());
    encoder.write_all(&fs::read(path).expect("readable")).expect("write");
    encoder.finish().expect("finish");
    zipped
}

fn borrowed<'f>(files: &'f [(String, &'f [u8])]) -> Vec<(&'f str, &'f [u8])> {
    files.iter().map(|(path, content)| (path.as_str(), *content)).collect()
}

#[test]
fn folders_and_archives_become_the_same_model() {
    let store = Store::new();
    let wrapped = MODEL.map(|(path, content)| (format!("./My-Model/{path}"), content));
    let wrapped = borrowed(&wrapped);
    write(&store.beside("My Folder"), &MODEL);
    write(&store.beside("My Folder"), &[(".git/config", b"not for us"), ("__MACOSX/model.onnx", b"nor this")]);
    let carried = [
        (store.beside("My Folder"), None, "my-folder"),
        (zip(store.beside("plain.zip"), &MODEL), None, "plain"),
        (zip(store.beside("wrapped.zip"), &wrapped), Some("minilm"), "minilm"),
        (tar(store.beside("plain.tar"), &MODEL), None, "plain-tar"),
        (gzip(&tar(store.beside("Wrapped_2.tar"), &wrapped), "tar.gz"), None, "wrapped_2"),
        (gzip(&tar(store.beside("other.tar"), &wrapped), "tgz"), None, "other"),
    ];
    for (path, name, expected) in carried {
        let name = if expected == "plain-tar" { Some(expected) } else { name };
        let installed = store.import(&path, name).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(installed.manifest.name, expected);
        let found: Vec<&str> = installed.manifest.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, ["1_Pooling/config.json", "model.onnx", "model.onnx.data", "tokenizer.json"]);
        assert!(
            matches!(&installed.manifest.source, Source::Imported { path: from, claimed: None } if from.ends_with(path.file_name().expect("it has one")))
        );
        assert!(store.models.verify(expected, &|_| ()).expect("installed").is_whole());
        assert_eq!(installed.graph(), Some(installed.folder.join("model.onnx")));
    }
    assert_eq!(store.entries(), ["minilm", "my-folder", "other", "plain", "plain-tar", "wrapped_2"]);
    let error = store.import(&store.beside("plain.zip"), None).expect_err("it is there already");
    assert_eq!((error.kind, error.message.as_str()), (Kind::Exists, "`plain` is installed already"));
    let server = Server::new();
    assert_eq!(store.pull("minilm", &network(&server)).expect_err("it was imported").kind, Kind::Exists);
    let listed = store.models.list().expect("readable");
    assert_eq!(listed.last().expect("not empty").name, "wrapped_2");
}

#[test]
fn what_is_no_model_is_told_what_it_lacks() {
    let store = Store::new();
    write(&store.beside("folder"), &[("model.onnx", b""), ("vocab.txt", b"")]);
    let archive = zip(store.beside("a.zip"), &[("tokenizer.json", b"{}"), ("model.safetensors", b"")]);
    fs::write(store.beside("text"), "text").expect("write");
    fs::write(store.beside("torn.tgz"), [0x1f, 0x8b, 8, 0, 0]).expect("write");
    fs::write(store.beside("torn.zip"), b"PK\x03\x04").expect("write");
    for (path, kind, expected) in [
        (store.beside("folder"), Kind::Content, "folder` lacks `tokenizer.json`; found model.onnx, vocab.txt"),
        (archive, Kind::Content, "a.zip` lacks an `.onnx` file; found model.safetensors, tokenizer.json"),
        (store.beside("text"), Kind::Content, "text` is nothing that can be imported"),
        (store.beside("torn.tgz"), Kind::Corrupt, "torn.tgz`"),
        (store.beside("torn.zip"), Kind::Corrupt, "torn.zip`"),
        (store.beside("missing"), Kind::Content, "missing`"),
    ] {
        let error = store.import(&path, None).expect_err(expected);
        assert!(error.kind == kind && error.message.contains(expected) && error.hint.is_some(), "{error}");
    }
    assert_eq!(store.entries(), [] as [&str; 0]);
}

#[test]
fn attacks_are_refused() {
    let store = Store::new();
    let attacks: [(&str, EntryType, &str, &str); 10] = [
        ("../evil", EntryType::Regular, "", "written elsewhere"),
        ("a/../../evil", EntryType::Regular, "", "written elsewhere"),
        ("/evil", EntryType::Regular, "", "written elsewhere"),
        ("..\\evil", EntryType::Regular, "", "written elsewhere"),
        ("c:evil", EntryType::Regular, "", "written elsewhere"),
        ("../evil", EntryType::Directory, "", "written elsewhere"),
        ("evil", EntryType::Symlink, "/etc/passwd", "a link, `evil`"),
        ("evil", EntryType::Link, "model.onnx", "a link, `evil`"),
        ("evil", EntryType::Fifo, "", "a device"),
        ("evil", EntryType::Char, "", "a device"),
    ];
    for (index, (path, kind, link, expected)) in attacks.into_iter().enumerate() {
        let archive = store.beside(&format!("{index}.tar"));
        let mut builder = Builder::new(File::create(&archive).expect("create"));
        for (path, content) in MODEL {
            append(&mut builder, path, EntryType::Regular, "", content);
        }
        append(&mut builder, path, kind, link, b"");
        builder.finish().expect("finish");
        for archive in [archive.clone(), gzip(&archive, "tgz")] {
            let error = store.import(&archive, None).expect_err(path);
            assert!(error.kind == Kind::Content && error.message.contains(expected), "{error}");
        }
    }
    for (index, path) in ["../evil", "/evil", "..\\evil", "c:/evil"].into_iter().enumerate() {
        let mut files = MODEL.to_vec();
        files.push((path, b""));
        let error = store.import(&zip(store.beside(&format!("{index}.zip")), &files), None).expect_err(path);
        assert!(error.kind == Kind::Content && error.message.contains("written elsewhere"), "{error}");
    }
    let mut linked = ZipWriter::new(File::create(store.beside("link.zip")).expect("create"));
    for (path, content) in MODEL {
        linked.start_file(path, SimpleFileOptions::default()).expect("start");
        linked.write_all(content).expect("write");
    }
    linked.add_symlink("evil", "/etc/passwd", SimpleFileOptions::default()).expect("add");
    linked.finish().expect("finish");
    let error = store.import(&store.beside("link.zip"), None).expect_err("a link");
    assert!(error.message.contains("a link, `evil`"), "{error}");

    let twice = tar(store.beside("twice.tar"), &[MODEL[0], MODEL[0]]);
    assert_eq!(store.import(&twice, None).expect_err("twice the same path").kind, Kind::Io);
    let names: Vec<String> = (0..1001).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let error = store.import(&zip(store.beside("many.zip"), &many), None).expect_err("too many");
    assert!(error.message.contains("more than 1000 files"), "{error}");
    write(&store.beside("many"), &many);
    let error = store.import(&store.beside("many"), None).expect_err("too many");
    assert!(error.message.contains("holds 1001 files"), "{error}");
    assert_eq!(store.entries(), [] as [&str; 0]);
    assert!(!store.beside("evil").exists());
}

#[cfg(unix)]
#[test]
fn the_cache_of_the_hub_is_made_of_links() {
    let store = Store::new();
    write(&store.beside("blobs"), &[("a", b"graph"), ("b", b"{}")]);
    let snapshot = store.beside("snapshot");
    fs::create_dir(&snapshot).expect("create");
    std::os::unix::fs::symlink("../blobs/a", snapshot.join("model.onnx")).expect("link");
    std::os::unix::fs::symlink("../blobs/b", snapshot.join("tokenizer.json")).expect("link");
    let installed = store.import(&snapshot, Some("cached")).expect("links are followed");
    assert!(installed.graph().expect("a graph").symlink_metadata().expect("there").is_file());
    std::os::unix::fs::symlink("../blobs", snapshot.join("folder")).expect("link");
    let error = store.import(&snapshot, Some("other")).expect_err("folders are not");
    assert!(error.message.contains("`folder`, which is no file"), "{error}");
}

#[test]
fn a_model_from_another_machine_is_compared_with_its_manifest() {
    let (server, there, here) = (Server::new(), Store::new(), Store::new());
    let commit = "0123456789abcdef0123456789abcdef01234567";
    server.put_repository("a/b", commit, &[("model.onnx", &noise(1000, 1)), ("tokenizer.json", b"{}")]);
    let pulled = there.pull("hf:a/b", &network(&server)).expect("the hub is well");
    let installed = here.import(&pulled.folder, None).expect("it is whole");
    assert_eq!(
        installed.manifest.source,
        Source::Imported { path: pulled.folder.clone(), claimed: Some(format!("hf:a/b@{commit}")) }
    );
    assert_eq!(installed.manifest.files, pulled.manifest.files);
    assert_eq!(here.entries(), ["a--b"]);
    fs::write(pulled.folder.join("model.onnx"), noise(1000, 2)).expect("write");
    let error = here.import(&pulled.folder, Some("copy")).expect_err("it was damaged");
    assert!(error.kind == Kind::Corrupt && error.message.contains("model.onnx differ"), "{error}");
    assert!(error.message.contains(MANIFEST));
    assert!(here.models.path("copy").is_err());
}

#[test]
fn a_runtime_comes_alone_or_in_company() {
    let (ours, others) = library_names();
    let start = Store::new();
    write(&start.beside(""), &[(ours, b"library")]);
    let shipped: Vec<(String, &[u8])> = vec![
        (format!("onnxruntime-1.99.0/lib/{ours}"), b"library"),
        (format!("onnxruntime-1.99.0/lib/{ours}.dSYM/Contents/{ours}"), b"symbols"),
        ("onnxruntime-1.99.0/LICENSE".into(), b"MIT"),
        ("onnxruntime-1.99.0/include/onnxruntime.h".into(), b"header"),
    ];
    let shipped = borrowed(&shipped);
    let release = start.beside("release.tar");
    let mut builder = Builder::new(File::create(&release).expect("create"));
    append(&mut builder, "onnxruntime-1.99.0/lib/libonnxruntime.so", EntryType::Symlink, ours, b"");
    for (path, content) in &shipped {
        append(&mut builder, path, EntryType::Regular, "", content);
    }
    builder.finish().expect("finish");
    write(&start.beside("unpacked"), &shipped);
    for (path, notices) in [
        (start.beside(ours), 0),
        (gzip(&release, "tgz"), 1),
        (zip(start.beside("onnxruntime.whl"), &shipped), 1),
        (start.beside("unpacked"), 1),
    ] {
        let store = Store::new();
        let installed = store.import(&path, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(installed.folder, store.models.folder.join("runtime"));
        assert_eq!(fs::read(installed.library().expect("a library")).expect("readable"), b"library");
        assert_eq!(installed.manifest.files.len(), 1 + notices);
        assert!(store.models.verify("runtime", &|_| ()).expect("installed").is_whole());
        assert_eq!(store.entries(), ["runtime"]);
    }
    write(&start.beside(""), &[(others, b"library")]);
    let error = start.import(&start.beside(others), None).expect_err("for another system");
    assert!(error.kind == Kind::Content && error.message.contains("no ONNX Runtime library for"), "{error}");
    assert_eq!(start.import(&start.beside(ours), Some("other")).expect_err("a bad name").kind, Kind::Name);
    let model = zip(start.beside("model.zip"), &MODEL);
    assert_eq!(start.import(&model, Some("runtime")).expect_err("a bad name").kind, Kind::Name);
}
