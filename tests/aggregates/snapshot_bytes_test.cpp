// How a snapshot is recognised: by its fingerprint and its bytes.

#include "support/tally.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <rapidcheck.h>

#include <functional>
#include <set>

using namespace testing;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

namespace {

const stele::stream_id one{"tally-1"};

/// The schema of a user: State and Happened, which both contain a Detail, which contains a Colour; and Unrelated.
FileDescriptorProto schema() {
    FileDescriptorProto file;
    file.set_name("schema.proto");
    file.set_package("p");
    file.set_syntax("proto3");
    for (const char* name : {"State", "Happened", "Detail", "Unrelated"}) {
        auto& field = *file.add_message_type()->add_field();
        file.mutable_message_type(file.message_type_size() - 1)->set_name(name);
        field.set_name("field");
        field.set_number(1);
        field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
        field.set_type(FieldDescriptorProto::TYPE_INT64);
    }
    for (const int holder : {0, 1}) {
        auto& field = *file.mutable_message_type(holder)->add_field();
        field.set_name("detail");
        field.set_number(2);
        field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
        field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
        field.set_type_name(".p.Detail");
    }
    auto& colour = *file.mutable_message_type(2)->add_field();
    colour.set_name("colour");
    colour.set_number(2);
    colour.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    colour.set_type(FieldDescriptorProto::TYPE_ENUM);
    colour.set_type_name(".p.Colour");
    file.add_enum_type()->set_name("Colour");
    auto& red = *file.mutable_enum_type(0)->add_value();
    red.set_name("RED");
    red.set_number(0);
    return file;
}

stele::uuid fingerprint_of(const std::function<void(FileDescriptorProto&)>& change, const char* category = "c",
                           std::uint64_t fold_version = 1,
                           const std::vector<const char*>& events = {"p.Happened", "p.Detail"},
                           const char* snapshot = "p.State") {
    auto file = schema();
    change(file);
    DescriptorPool pool;
    REQUIRE(pool.BuildFile(file) != nullptr);
    std::vector<const google::protobuf::Descriptor*> list;
    for (const char* name : events) list.push_back(pool.FindMessageTypeByName(name));
    return stele::detail::snapshot_fingerprint(category, fold_version, *pool.FindMessageTypeByName(snapshot), list);
}

/// A store with a stream of six events and its snapshot.
struct stored_tally {
    stele::memory_store store;
    stele::repository<tally<>> tallies{store};
    std::string snapshot;

    stored_tally() {
        std::vector<stele::event_data> events;
        for (int i = 1; i <= 6; ++i) events.push_back(stele::encode(incremented(i)));
        REQUIRE(store.append(one, stele::expected_version::no_stream(), events));
        tallies.take_snapshot("1", tallies.load("1", {.up_to = {4}}));
        snapshot = store.find_document("snapshot", one.str())->value;
    }

    void put(const std::string& bytes, const std::string& stream = one.str()) {
        const stele::document_write write{"snapshot", stream, bytes};
        REQUIRE(store.append({}, {&write, 1}));
    }
};

}  // namespace

TEST_CASE("a fingerprint changes with everything that a snapshot is made from") {
    const auto nothing = [](FileDescriptorProto&) {};
    const auto same = fingerprint_of(nothing);
    CHECK(fingerprint_of(nothing) == same);
    CHECK(fingerprint_of(nothing, "c", 1, {"p.Detail", "p.Happened"}) == same);
    CHECK(fingerprint_of([](auto& f) { f.mutable_message_type(3)->set_name("Else"); }) == same);
    CHECK(fingerprint_of([](auto& f) { f.set_name("moved.proto"); }) == same);

    const std::set<stele::uuid> all{
        same,
        fingerprint_of(nothing, "d"),
        fingerprint_of(nothing, "c", 2),
        fingerprint_of(nothing, "c", 1, {"p.Happened"}),
        fingerprint_of(nothing, "c", 1, {"p.Happened", "p.Detail", "p.Unrelated"}),
        fingerprint_of(nothing, "c", 1, {"p.Happened", "p.Detail"}, "p.Detail"),
        fingerprint_of([](auto& f) { f.mutable_message_type(0)->mutable_field(0)->set_number(3); }),
        fingerprint_of([](auto& f) { f.mutable_message_type(1)->mutable_field(0)->set_name("renamed"); }),
        fingerprint_of(
            [](auto& f) { f.mutable_message_type(2)->mutable_field(0)->set_type(FieldDescriptorProto::TYPE_SINT64); }),
        fingerprint_of([](auto& f) { f.mutable_enum_type(0)->mutable_value(0)->set_name("GREEN"); }),
        fingerprint_of([](auto& f) { f.mutable_message_type(0)->mutable_field()->RemoveLast(); }),
    };
    CHECK(all.size() == 11);
}

TEST_CASE("whatever bytes are in place of a snapshot, the events decide the state, and the snapshot is replaced") {
    stored_tally stored;
    const auto& snapshot = stored.snapshot;
    const auto check = [&](const std::string& bytes) {
        stored.put(bytes);
        const auto known = stored.tallies.load("1");
        RC_ASSERT(known.state.value == 21);
        RC_ASSERT(known.state.steps == 6);
        RC_ASSERT(known.version.value == 6u);
        if (bytes != snapshot) RC_ASSERT(known.snapshot.value == 6u);
    };
    CHECK(rc::check("any bytes", [&](const std::string& bytes) { check(bytes); }));
    CHECK(rc::check("a part of it, and more", [&](const std::string& more) {
        check(snapshot.substr(0, *rc::gen::inRange<std::size_t>(0, snapshot.size())) + more);
    }));
    for (std::size_t bit = 0; bit < 8 * snapshot.size(); ++bit) {
        auto flipped = snapshot;
        flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
        stored.put(flipped);
        const auto known = stored.tallies.load("1");
        CHECK(known.state.value == 21);
        CHECK(known.state.steps == 6);
        CHECK(known.snapshot.value == 6);
    }
}

TEST_CASE("the snapshot of one stream is not used for another") {
    stored_tally stored;
    std::vector<stele::event_data> others;
    for (int i = 0; i < 5; ++i) others.push_back(stele::encode(incremented(1)));
    REQUIRE(stored.store.append(stele::stream_id{"tally-2"}, stele::expected_version::no_stream(), others));
    stored.put(stored.snapshot, "tally-2");
    std::vector<std::string> warnings;
    const stele::repository<tally<>> tallies{stored.store,
                                             {.on_warning = [&](auto& text) { warnings.push_back(text); }}};
    CHECK(tallies.load("2").state.value == 5);
    CHECK(warnings.size() == 1);
    CHECK(tallies.load("1").state.value == 21);
    CHECK(warnings.size() == 1);
}

TEST_CASE("a snapshot that could not be read back is not written") {
    stele::memory_store store;
    stele::repository<tally<>> tallies{store};
    auto known = tallies.load("1");
    REQUIRE(tallies.save("1", known, stele::accept(incremented(1))));
    known.state.label = "\xff";
    CHECK_THROWS_AS(tallies.take_snapshot("1", known), stele::error);
    CHECK_FALSE(store.find_document("snapshot", "tally-1"));
}
