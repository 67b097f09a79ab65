//! Ruby: modules that are opened again, constants, mixed-in methods, receivers.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn constants_are_found_from_the_inside_out() {
    let linked = linked(&[
        (
            "lib/kit.rb",
            "module Kit\n  class Shape\n    def area; end\n  end\n  class Error < StandardError; end\nend\n",
        ),
        (
            "lib/kit/more.rb",
            "module Kit\n  module Inner\n    class Shape\n      def area; end\n    end\n    Shape.new.area # 1\n    Kit::Shape.new.area # 2\n    ::Kit::Shape.new.area # 3\n  end\n  class Shape\n    def more; area; end # 4\n  end\nend\n",
        ),
        (
            "use.rb",
            "s = Kit::Shape.new\ns.area # 5\ns.more # 6\nJSON.parse('x') # 7\nShape.new # 8\nraise Kit::Error # 9\nunknown.area # 10\nother.nowhere # 11\n",
        ),
    ]);
    linked.proves("area # 1", "lib/kit/more.rb:4");
    linked.proves("area # 2", "lib/kit.rb:3");
    linked.proves("area # 3", "lib/kit.rb:3");
    linked.proves("area; end # 4", "lib/kit.rb:3");
    linked.proves("area # 5", "lib/kit.rb:3");
    linked.proves("more # 6", "lib/kit/more.rb:11");
    linked.is_external("parse('x') # 7");
    assert_ne!(linked.call("Shape.new # 8").0, Tier::Proven);
    assert_eq!(linked.edge(ReferenceKind::Type, "Error # 9"), (Tier::Proven, vec!["lib/kit.rb:5".to_owned()]));
    linked.leaves("area # 10", &["lib/kit.rb:3", "lib/kit/more.rb:4"]);
    linked.is_external("nowhere # 11");
}

#[test]
fn methods_come_from_the_class_and_what_it_mixes_in() {
    let linked = linked(&[(
        "a.rb",
        "module Talks\n  def talk; end\nend\nmodule Makes\n  def make; end\nend\nclass Base\n  attr_reader :name\n  def initialize(a, b = 1); end\n  def go; end\n  def self.build; new(1); end # 1\nend\nclass Top < Base\n  include Talks\n  extend Makes\n  def go\n    super\n    talk # 2\n    self.talk # 3\n    name # 4\n    @part = Part.new\n    @part.use(1) # 5\n    build # 6\n  end\n  def self.run\n    build.go # 7\n    make # 8\n  end\n  class << self\n    def quiet; run; end # 9\n  end\nend\nclass Part\n  def use(a); end\nend\nTop.new(1).go # 10\nTop.build # 11\nTop.quiet # 12\nclass Stranger < Lib::Thing\n  def f; start; end # 13\nend\n",
    )]);
    linked.proves("talk # 2", "a.rb:2");
    linked.proves("talk # 3", "a.rb:2");
    linked.proves("name # 4", "a.rb:8");
    linked.proves("use(1) # 5", "a.rb:34");
    // A method of the class itself.
    assert_ne!(linked.call("build # 6").0, Tier::Proven);
    linked.proves("make # 8", "a.rb:5");
    linked.proves("run; end # 9", "a.rb:25");
    linked.proves("go # 10", "a.rb:16");
    linked.proves("build # 11", "a.rb:11");
    linked.proves("quiet # 12", "a.rb:30");
    linked.is_external("start; end # 13");
    linked.proves("Top.new(1).go # 10", "a.rb:9");
}

#[test]
fn variables_are_no_calls() {
    let linked = linked(&[(
        "v.rb",
        "def area; end\ndef f(area)\n  area # 1\nend\ndef g\n  area # 2\n  area = 1\n  [1].each { |area| area.x }\nend\ndef h(shape)\n  shape = shape || 1\n  shape.area # 3\nend\n",
    )]);
    linked.is_unresolved("area # 1");
    assert_eq!(linked.call("area # 3").0, Tier::Possible);
}

#[test]
fn helpers_of_a_block_are_seen_in_it() {
    let linked =
        linked(&[("spec.rb", "describe 'x' do\n  def helper(a); end\n  it 'y' do\n    helper 1 # 1\n  end\nend\n")]);
    linked.proves("helper 1 # 1", "spec.rb:2");
}
