#include "testing.pb.h"

#include <stele/codec/codec.hpp>

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/message_differencer.h>
#include <rapidcheck.h>

#include <atomic>
#include <functional>
#include <string>

namespace hana = boost::hana;
using google::protobuf::util::MessageDifferencer;
using testing::Note;

namespace {

/// In the whole program, messages that Protobuf would print to stderr are counted instead.
std::atomic<int> lines_logged = 0;
const auto former_log_handler = google::protobuf::SetLogHandler(
    [](google::protobuf::LogLevel, const char*, int, const std::string&) { ++lines_logged; });

const std::string bad_text = "caf\xe9";

struct all_notes {
    static constexpr auto events = hana::tuple_t<Note, testing::Incremented, testing::CounterOpened>;
};

stele::recorded_event record(const stele::event_data& data, std::uint64_t version = 1) {
    return stele::as_recorded(data, "note-7", {{version}, {version + 100}});
}

stele::event_range range_of(std::vector<stele::event_data> events) {
    return stele::event_range{[events = std::move(events), done = false](stele::event_batch& batch) mutable {
        if (!std::exchange(done, true))
            for (std::size_t i = 0; i < events.size(); ++i) batch.add(record(events[i], i + 1));
    }};
}

std::string message_of(stele::error_kind kind, const std::function<void()>& call) {
    try {
        call();
    } catch (const stele::error& e) {
        CHECK(e.kind() == kind);
        return e.what();
    }
    return "nothing was thrown";
}

std::string refusal(const google::protobuf::Message& event) {
    return message_of(stele::error_kind::invalid_argument, [&] { stele::encode(event); });
}

std::string undecodable(const stele::event_data& data) {
    return message_of(stele::error_kind::undecodable,
                      [&] { stele::decode_each<all_notes>(range_of({data}), [](const auto&, const auto&) {}); });
}

Note filled_note() {
    Note note;
    note.set_title("title – ünïcode \U0001F600");
    note.add_tags("first");
    (*note.mutable_labels())["colour"] = "red";
    note.mutable_author()->set_name("A");
    note.add_readers()->set_born(1843);
    (*note.mutable_editors())[3].set_name("E");
    note.set_data("\xff\x00 any bytes");
    note.mutable_reply()->mutable_reply()->set_title("deep");
    note.set_weight(0.5);
    return note;
}

testing::Nest nested(int depth) {
    testing::Nest outermost;
    for (auto* nest = &outermost; depth > 0; --depth) nest = nest->mutable_inner();
    return outermost;
}

}  // namespace

TEST_CASE("an event is its message's full name and bytes, an id of its own, and metadata") {
    const auto note = filled_note();
    const stele::metadata about{.correlation_id = "c", .causation_id = {}, .actor = "someone", .headers = {}};
    const auto first = stele::encode(note, about);
    const auto second = stele::encode(note);
    CHECK(first.type == "testing.Note");
    CHECK(first.id != second.id);
    CHECK(stele::decode_metadata(first.metadata) == about);
    CHECK(second.metadata.empty());

    int seen = 0;
    stele::decode_each<all_notes>(range_of({first}), stele::overload(
                                                         [&](const Note& decoded, const stele::recorded_event& at) {
                                                             CHECK(MessageDifferencer::Equals(decoded, note));
                                                             CHECK(at.id == first.id);
                                                             ++seen;
                                                         },
                                                         [](const auto&, const auto&) { FAIL("another type"); }));
    CHECK(seen == 1);
}

TEST_CASE("text that is not UTF-8 is refused in every field, naming message and field") {
    const std::vector<std::pair<std::string, std::function<void(Note&)>>> places{
        {"title", [](Note& n) { n.set_title(bad_text); }},
        {"tags[1]", [](Note& n) { n.add_tags("good"), n.add_tags(bad_text); }},
        {"labels[0].key", [](Note& n) { (*n.mutable_labels())[bad_text] = "good"; }},
        {"labels[0].value", [](Note& n) { (*n.mutable_labels())["good"] = bad_text; }},
        {"author.name", [](Note& n) { n.mutable_author()->set_name(bad_text); }},
        {"readers[2].name", [](Note& n) { n.add_readers(), n.add_readers(), n.add_readers()->set_name(bad_text); }},
        {"editors[0].value.name", [](Note& n) { (*n.mutable_editors())[1].set_name(bad_text); }},
        {"text", [](Note& n) { n.set_text(bad_text); }},
        {"dedication.name", [](Note& n) { n.mutable_dedication()->set_name(bad_text); }},
        {"reply.reply.tags[0]", [](Note& n) { n.mutable_reply()->mutable_reply()->add_tags(bad_text); }},
    };
    for (const auto& [path, put] : places) {
        Note note;
        put(note);
        CHECK(refusal(note) == "testing.Note could be stored but never read again: field \"" + path +
                                   "\" is not UTF-8. Convert the text first, or make the field `bytes`.");
    }
    CHECK(message_of(stele::error_kind::invalid_argument, [] {
              stele::encode(Note{}, {.correlation_id = {}, .causation_id = {}, .actor = bad_text, .headers = {}});
          }).find("actor") != std::string::npos);
    CHECK(lines_logged == 0);
}

TEST_CASE("what encode accepts can be read again, and what it refuses could not") {
    const auto text = rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
        {{20, rc::gen::inRange<char>('a', 'z')}, {1, rc::gen::cast<char>(rc::gen::inRange(0, 256))}}));
    CHECK(rc::check("bytes of any kind in text fields of any depth", [&] {
        Note note;
        note.set_title(*text);
        if (*rc::gen::arbitrary<bool>()) note.add_tags(*text);
        if (*rc::gen::arbitrary<bool>()) (*note.mutable_labels())[*text] = *text;
        if (*rc::gen::arbitrary<bool>()) note.mutable_reply()->mutable_author()->set_name(*text);
        if (*rc::gen::arbitrary<bool>()) (*note.mutable_editors())[1].set_name(*text);
        bool taken = true;
        try {
            const auto data = stele::encode(note);
            stele::decode_each<all_notes>(
                range_of({data}),
                stele::overload(
                    [&](const Note& decoded, const auto&) { RC_ASSERT(MessageDifferencer::Equals(decoded, note)); },
                    [](const auto&, const auto&) {}));
        } catch (const stele::error& e) {
            RC_ASSERT(e.kind() == stele::error_kind::invalid_argument);
            taken = false;
        }
        RC_TAG(taken ? "taken" : "refused");
        const google::protobuf::LogSilencer silence;
        RC_ASSERT(taken == Note{}.ParseFromString(note.SerializeAsString()));
    }));
}

TEST_CASE("messages that are nested too deep for Protobuf are refused") {
    int refused = 0;
    for (int depth = 90; depth < 110; ++depth) {
        const auto nest = nested(depth);
        const bool readable = testing::Nest{}.ParseFromString(nest.SerializeAsString());
        const auto why = readable ? "" : refusal(nest);
        CHECK(why.ends_with(readable ? "" : "is nested deeper than Protobuf reads. Make the message flatter."));
        if (readable) CHECK_NOTHROW(stele::encode(nest));
        refused += readable ? 0 : 1;
    }
    CHECK(refused > 0);
    CHECK(refused < 20);
}

TEST_CASE("required fields must be set, and text is checked in dynamic types too") {
    google::protobuf::FileDescriptorProto file;
    file.set_name("old.proto");
    file.set_syntax("proto2");
    auto& type = *file.add_message_type();
    type.set_name("Old");
    auto& field = *type.add_field();
    field.set_name("must");
    field.set_number(1);
    field.set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    field.set_label(google::protobuf::FieldDescriptorProto::LABEL_REQUIRED);
    google::protobuf::DescriptorPool pool;
    const auto* descriptor = pool.BuildFile(file)->message_type(0);
    google::protobuf::DynamicMessageFactory factory;
    const std::unique_ptr<google::protobuf::Message> old{factory.GetPrototype(descriptor)->New()};

    CHECK(refusal(*old) == "Old: the required fields must are not set.");
    old->GetReflection()->SetString(old.get(), descriptor->field(0), bad_text);
    CHECK(refusal(*old).starts_with("Old could be stored but never read again: field \"must\" is not UTF-8."));
    old->GetReflection()->SetString(old.get(), descriptor->field(0), "good");
    const auto data = stele::encode(*old);

    bool handled = false;
    const stele::detail::event_table table{
        "the test", {{"Old", factory.GetPrototype(descriptor), [](void* flag, const auto&, const auto&) {
                          *static_cast<bool*>(flag) = true;
                      }}}};
    stele::detail::event_decoder decoder{table};
    decoder.decode(record(data), &handled);
    CHECK(handled);
    const auto empty = stele::event_data{.type = "Old", .payload = {}, .metadata = {}};
    CHECK(message_of(stele::error_kind::undecodable, [&] {
              decoder.decode(record(empty), &handled);
          }).ends_with("is not a Old: it lacks the required fields must."));
    CHECK(lines_logged == 0);
}

TEST_CASE("an event of an unknown type is an error that names type, stream, version, position and consumer") {
    const auto data = stele::encode(testing::NobodyKnows{});
    CHECK(undecodable(data) ==
          "The event of type \"testing.NobodyKnows\" at position 101 (stream \"note-7\", version 1) is of a type that "
          "this call of decode_each does not know. Add the message to its list of events, or to its ignored ones; if "
          "it is an older form of one of its events, upcast it or give it an alias (docs/changing-events.md); if a "
          "newer version of this program has written it, run that one.");

    bool called = false;
    const auto& table = stele::detail::event_table_of<
        all_notes, stele::detail::call_with_event<
                       std::function<void(const google::protobuf::Message&, const stele::recorded_event&)>>>();
    std::function<void(const google::protobuf::Message&, const stele::recorded_event&)> function =
        [&](const auto&, const auto&) { called = true; };
    stele::detail::event_decoder decoder{table};
    CHECK_FALSE(decoder.decode_if_known(record(data), &function));
    CHECK_FALSE(called);
    CHECK(decoder.decode_if_known(record(stele::encode(Note{})), &function));
    CHECK(called);
}

TEST_CASE("a payload that is not the message is an error that names type, stream and position") {
    auto data = stele::encode(filled_note());
    data.payload.resize(data.payload.size() - 1);
    CHECK(undecodable(data) ==
          "The event of type \"testing.Note\" at position 101 (stream \"note-7\", version 1) is not "
          "a testing.Note: its " +
              std::to_string(data.payload.size()) + " bytes do not parse.");
}

TEST_CASE("an event without fields has no bytes, and is decoded") {
    const auto data = stele::encode(testing::Incremented{});
    CHECK(data.payload.empty());
    int seen = 0;
    stele::decode_each<all_notes>(range_of({data}), [&](const auto&, const auto&) { ++seen; });
    CHECK(seen == 1);
}

TEST_CASE("messages are reused, and no field of one event is left in the next") {
    std::vector<const void*> addresses;
    std::vector<int> tags;
    const auto remember = stele::overload(
        [&](const Note& note, const auto&) {
            addresses.push_back(&note);
            tags.push_back(note.tags_size());
        },
        [](const auto&, const auto&) {});
    stele::decode_each<all_notes>(
        range_of({stele::encode(filled_note()), stele::encode(testing::Incremented{}), stele::encode(Note{})}),
        remember);
    CHECK(tags == std::vector{1, 0});
    CHECK(addresses[0] == addresses[1]);
}

TEST_CASE("a handler may decode events of the same type itself") {
    const auto outer = stele::encode(filled_note());
    Note other;
    other.set_title("other");
    const auto inner = stele::encode(other);
    std::string title;
    stele::decode_each<all_notes>(range_of({outer}), stele::overload(
                                                         [&](const Note& note, const auto&) {
                                                             stele::decode_each<all_notes>(
                                                                 range_of({inner}), [](const auto&, const auto&) {});
                                                             title = note.title();
                                                         },
                                                         [](const auto&, const auto&) {}));
    CHECK(title == filled_note().title());
}

TEST_CASE("a type name that occurs twice in a table is refused") {
    const stele::detail::event_entry entry{"testing.Note", &Note::default_instance(),
                                           [](void*, const auto&, const auto&) {}};
    CHECK(message_of(stele::error_kind::invalid_argument,
                     [&] { stele::detail::event_table("the test", {entry, entry}); }) ==
          "The event type \"testing.Note\" stands twice in the list of the test (or in the aliases "
          "and ignored types of its upcasters).");
}

TEST_CASE("a table finds each of its names, including those that differ only at the beginning, and no other") {
    std::vector<std::string> names{"a",       "b",          "ab",        "aa.same_tail", "ab.same_tail",
                                   "b.Event", "bank.Event", "bank.event"};
    for (int i = 0; i < 200; ++i) names.push_back("many.Event" + std::to_string(i));
    std::vector<stele::detail::event_entry> entries;
    entries.reserve(names.size());
    for (const auto& name : names)
        entries.push_back({name, &Note::default_instance(), [](void*, const auto&, const auto&) {}});
    const stele::detail::event_table table{"the test", entries};
    for (const auto& name : names) {
        const auto index = table.find(name);
        REQUIRE(index);
        CHECK(table[*index].type == name);
        CHECK_FALSE(table.find(name + "x"));
        CHECK_FALSE(table.find("x" + name));
    }
    CHECK_FALSE(table.find("ac.same_tail"));
    CHECK_FALSE(table.find(""));
}

TEST_CASE("the memory of a large event is released") {
    Note large;
    large.set_title(std::string(1'000'000, 'x'));
    std::vector<std::size_t> space;
    stele::decode_each<all_notes>(
        range_of({stele::encode(large), stele::encode(Note{})}),
        stele::overload([&](const Note& note, const auto&) { space.push_back(note.SpaceUsedLong()); },
                        [](const auto&, const auto&) {}));
    REQUIRE(space.size() == 2);
    CHECK(space[0] > 1'000'000);
    CHECK(space[1] < 10'000);
}
