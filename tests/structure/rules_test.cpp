// Each rule is seen to fail on a small tree that breaks it, and to be silent on one that does not.

#include "structure/rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

source_file file(std::string path, std::string_view text) {
    return parse_source(std::move(path), text);
}

// The path that each breach begins with, so that a test reads as a list.
std::vector<std::string> where(const breaches& found) {
    std::vector<std::string> places;
    for (const auto& each : found) places.push_back(each.substr(0, each.find(' ')));
    return places;
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("includes are read with their line, in any spelling, and not from comments") {
    const auto source =
        file("a.cpp", "#include \"a.hpp\"\n\n  #  include <stele/b.hpp>  // why\n// #include <c>\nint d;");
    REQUIRE(source.includes.size() == 2);
    CHECK(source.includes[0].what == "a.hpp");
    CHECK(source.includes[1].what == "stele/b.hpp");
    CHECK(source.includes[1].line == 3);
    CHECK(source.lines == 5);
}

TEST_CASE("an upward include is found, in headers, sources and umbrellas") {
    CHECK(where(upward_includes({file("codec/a.cpp", "#include <stele/aggregates/aggregate.hpp>")})) ==
          list{"codec/a.cpp:1"});
    CHECK(where(upward_includes({file("include/stele/eventstore/a.hpp", "\n#include <stele/codec.hpp>")})) ==
          list{"include/stele/eventstore/a.hpp:2"});
    CHECK(where(upward_includes({file("include/stele/codec.hpp", "#include <stele/processes/a.hpp>")})) ==
          list{"include/stele/codec.hpp:1"});
    CHECK(where(upward_includes({file("processes/a.cpp", "#include <stele/testing/given.hpp>")})) ==
          list{"processes/a.cpp:1"});
    CHECK(where(upward_includes({file("codec/a.cpp", "#include <stele/stele.hpp>")})) == list{"codec/a.cpp:1"});
}

TEST_CASE("wings side by side, and engines, do not include each other") {
    CHECK(upward_includes({file("commands/a.cpp", "#include <stele/projections/projection.hpp>")}).size() == 1);
    CHECK(upward_includes({file("projections/a.cpp", "#include <stele/commands/receipt.hpp>")}).size() == 1);
    CHECK(upward_includes({file("eventstore/a.cpp", "#include <stele/eventstore/sqlite/sqlite_store.hpp>")}).size() ==
          1);
    CHECK(upward_includes({file("eventstore/memory/a.cpp", "#include <stele/sqlite.hpp>")}).size() == 1);
    CHECK(upward_includes({file("commands/a.cpp", "#include <stele/memory.hpp>")}).size() == 1);
}

TEST_CASE("downward includes are no breach") {
    CHECK(
        upward_includes({file("processes/a.cpp", "#include <stele/commands.hpp>\n#include <stele/eventstore/uuid.hpp>"),
                         file("eventstore/sqlite/a.cpp", "#include <stele/eventstore/version.hpp>\n#include <vector>"),
                         file("projections/a.cpp", "#include <stele/sqlite.hpp>\n#include \"projections/b.hpp\""),
                         file("tests/codec/a_test.cpp", "#include <stele/stele.hpp>")})
            .empty());
}

TEST_CASE("a private header of another wing is found") {
    const list one{"commands/a.cpp:1"};
    CHECK(where(foreign_private_headers({file("commands/a.cpp", "#include \"codec/schema_record.hpp\"")})) == one);
    CHECK(foreign_private_headers({file("samples/bank/a.cpp", "#include \"projections/sql/sql_rules.hpp\"")}).size() ==
          1);
    CHECK(foreign_private_headers({file("include/stele/codec/a.hpp", "#include \"codec/schema_record.hpp\"")}).size() ==
          1);
    CHECK(foreign_private_headers({file("tests/codec/a.cpp", "#include \"commands/receipts.hpp\"")}).size() == 1);
    CHECK(foreign_private_headers({file("tests/faults/a.cpp", "#include \"commands/receipts.hpp\"")}).size() == 1);
    CHECK(foreign_private_headers({file("benchmarks/a.cpp", "#include <stele/codec/detail/type_list.hpp>")}).size() ==
          1);
}

TEST_CASE("a wing, its tests and its engines' tests include its private headers") {
    CHECK(foreign_private_headers({file("codec/a.cpp", "#include \"codec/schema_record.hpp\""),
                                   file("tests/codec/a.cpp", "#include \"codec/schema_record.hpp\""),
                                   file("codec/b.cpp", "#include <stele/eventstore/detail/failures.hpp>"),
                                   file("eventstore/sqlite/a.cpp", "#include \"eventstore/repeated.hpp\""),
                                   file("tests/eventstore/a.cpp", "#include \"eventstore/sqlite/reader.hpp\""),
                                   file("tests/a.cpp", "#include \"support/tally.hpp\"")})
              .empty());
}

TEST_CASE("an engine's or a generated header in a public header is found") {
    const auto leaked = [](std::string_view text) {
        return leaked_headers({file("include/stele/codec/a.hpp", text), file("codec/a.cpp", text)}).size();
    };
    CHECK(leaked("#include <sqlite3.h>") == 1);
    CHECK(leaked("#include <libpq-fe.h>") == 1);
    CHECK(leaked("#include <postgresql/libpq-fe.h>") == 1);
    CHECK(leaked("#include \"stele_schema.pb.h\"") == 1);
    CHECK(leaked("#include <google/protobuf/descriptor.pb.h>") == 1);
    CHECK(leaked("#include <google/protobuf/message.h>") == 0);
    CHECK(leaked("#include <openssl/sha.h>") == 1);
}

TEST_CASE("a stray header in include/stele is found, and a missing umbrella") {
    const auto found =
        where(stray_umbrellas({file("include/stele/helpers.hpp", ""), file("include/stele/codec.hpp", "")}));
    CHECK(std::ranges::count(found, "include/stele/helpers.hpp") == 1);
    CHECK(std::ranges::count(found, "include/stele/codec.hpp") == 0);
    CHECK(std::ranges::count(found, "include/stele/sqlite.hpp") == 1);
}

TEST_CASE("an umbrella that leaves a public header out is found") {
    const auto upcast = file("include/stele/codec/upcast.hpp", "");
    const auto detail = file("include/stele/codec/detail/type_list.hpp", "");
    CHECK(incomplete_umbrellas({file("include/stele/codec.hpp", ""), upcast, detail}).size() == 1);
    CHECK(incomplete_umbrellas({file("include/stele/codec.hpp", "#include <stele/codec/upcast.hpp>"), upcast, detail})
              .empty());
    const auto store = file("include/stele/eventstore/sqlite/sqlite_store.hpp", "");
    CHECK(where(incomplete_umbrellas({file("include/stele/eventstore.hpp", ""), file("include/stele/sqlite.hpp", ""),
                                      store})) == list{"include/stele/sqlite.hpp"});
    CHECK(incomplete_umbrellas({file("include/stele/stele.hpp", "")}).size() == 8);
    CHECK(incomplete_umbrellas({file("include/stele/stele.hpp", "#include <stele/testing.hpp>")}).size() == 9);
}

TEST_CASE("a long file of the library is found, and one of the tests is not") {
    const std::string text(301, '\n');
    CHECK(
        long_files({file("codec/a.cpp", text), file("include/stele/a.hpp", text), file("tests/a.cpp", text)}).size() ==
        2);
    CHECK(long_files({file("codec/a.cpp", text.substr(1))}).empty());
}

TEST_CASE("a full folder is found, cases and data excepted") {
    std::vector<std::string> files;
    for (const auto* folder : {"codec/", "tests/compile_fail/", "tests/data/v0_1/", "tests/fuzz/corpus/text/"})
        for (int i = 0; i < 26; ++i) files.push_back(folder + std::to_string(i));
    CHECK(where(full_folders(files)) == list{"codec"});
    files.erase(files.begin());
    CHECK(full_folders(files).empty());
}
