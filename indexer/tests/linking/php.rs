//! PHP: namespaces, imports, classes, traits, types of receivers.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn classes_are_found_by_their_full_name() {
    let linked = linked(&[
        (
            "src/Models/User.php",
            "<?php\nnamespace App\\Models;\nclass User {\n  public static function find(int $id): ?self { return null; }\n  public function save(): void {}\n}\n",
        ),
        (
            "src/Other/User.php",
            "<?php\nnamespace App\\Other;\nclass User {\n  public static function find($id) {}\n}\n",
        ),
        (
            "src/Use.php",
            "<?php\nnamespace App;\nuse App\\Models\\User;\nuse App\\Models\\{User as Person};\nuse Lib\\Thing;\nclass UseIt {\n  function f(User $u, Thing $t, $any) {\n    User::find(1); // 1\n    \\App\\Other\\User::find(1); // 2\n    Other\\User::find(1); // 3\n    Person::find(2)->save(); // 4\n    $u->save(); // 5\n    Thing::find(1); // 6\n    $t->save(); // 7\n    $any->save(); // 8\n    new User(); // 9\n    strlen('x'); // 10\n    $any->nowhere(); // 11\n    Gone::find(1); // 12\n  }\n}\n",
        ),
    ]);
    linked.proves("find(1); // 1", "src/Models/User.php:4");
    linked.proves("find(1); // 2", "src/Other/User.php:4");
    linked.proves("find(1); // 3", "src/Other/User.php:4");
    linked.proves("find(2)->save(); // 4", "src/Models/User.php:4");
    linked.proves("save(); // 4", "src/Models/User.php:5");
    linked.proves("save(); // 5", "src/Models/User.php:5");
    linked.is_external("find(1); // 6");
    linked.is_external("save(); // 7");
    linked.leaves("save(); // 8", &["src/Models/User.php:5"]);
    linked.proves("User(); // 9", "src/Models/User.php:3");
    linked.is_external("strlen('x'); // 10");
    linked.is_external("nowhere(); // 11");
    assert_eq!(linked.call("find(1); // 12").0, Tier::Possible);
}

#[test]
fn members_come_from_parents_and_traits() {
    let linked = linked(&[(
        "a.php",
        "<?php\nabstract class Base {\n  protected Part $part;\n  public function __construct(private Part $own) {}\n  public function hello(): static { return $this; }\n  public function over() {}\n}\ntrait Talks {\n  public function talk() { $this->secret(); } // 1\n  public function over() {}\n}\nclass Part { public function use() {} }\nclass Top extends Base {\n  use Talks;\n  private $late;\n  public function run() {\n    $this->late = new Part();\n    $this->hello()->run(); // 2\n    $this->talk(); // 3\n    $this->over(); // 4\n    parent::over(); // 5\n    $this->part->use(); // 6\n    $this->late->use(); // 7\n    self::make(); // 8\n    $x = new self(new Part()); // 9\n    $x->run(); // 10\n    foreach ([1] as $i) { $i->use(); } // 11\n    $f = fn (Part $p) => $p->use(); // 12\n    $this->missing(); // 13\n  }\n  public static function make() {}\n}\nclass Stranger extends \\Lib\\Base { function f() { $this->hello(); } } // 14\n",
    )]);
    linked.is_external("secret(); } // 1");
    linked.proves("run(); // 2", "a.php:16");
    linked.proves("talk(); // 3", "a.php:9");
    linked.proves("over(); // 4", "a.php:10");
    linked.proves("over(); // 5", "a.php:6");
    linked.proves("use(); // 6", "a.php:12");
    linked.proves("use(); // 7", "a.php:12");
    linked.proves("make(); // 8", "a.php:31");
    linked.proves("run(); // 10", "a.php:16");
    linked.leaves("use(); } // 11", &["a.php:12"]);
    linked.proves("use(); // 12", "a.php:12");
    linked.is_external("missing(); // 13");
    linked.is_external("hello(); } } // 14");
    let inherited = linked.edge(ReferenceKind::Inherit, "Base {");
    assert_eq!(inherited, (Tier::Proven, vec!["a.php:2".to_owned()]));
}

#[test]
fn functions_have_namespaces() {
    let linked = linked(&[
        ("lib.php", "<?php\nnamespace Kit;\nfunction helper() {}\nfunction strlen($x) {}\n"),
        ("global.php", "<?php\nfunction top() {}\n"),
        (
            "use.php",
            "<?php\nnamespace App;\nuse function Kit\\helper;\nuse Kit;\nhelper(); // 1\nKit\\strlen(1); // 2\nstrlen(1); // 3\ntop(); // 4\n$f = 'top';\n$f(); // 5\n",
        ),
    ]);
    linked.proves("helper(); // 1", "lib.php:3");
    linked.proves("strlen(1); // 2", "lib.php:4");
    linked.is_external("strlen(1); // 3");
    linked.proves("top(); // 4", "global.php:2");
    linked.is_unresolved("$f(); // 5");
}

#[test]
fn a_class_that_is_written_twice_is_possible() {
    let linked = linked(&[
        ("a.php", "<?php\nclass Twice { function go() {} }\n"),
        ("b.php", "<?php\nclass Twice { function go() {} }\n"),
        ("c.php", "<?php\n(new Twice())->go(); // 1\n"),
    ]);
    linked.leaves("go(); // 1", &["a.php:2", "b.php:2"]);
}
