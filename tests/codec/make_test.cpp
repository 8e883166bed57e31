// Messages made in one expression, and of one another.

#include "support/counter.hpp"
#include "values.pb.h"

#include <stele/codec/make.hpp>

#include <doctest/doctest.h>
#include <google/protobuf/util/message_differencer.h>

using google::protobuf::util::MessageDifferencer;
using namespace testing;

namespace {

// A value in every field.
Values full() {
    return stele::make<Values>([](Values& v) {
        v.set_small(-1);
        v.set_large(-2);
        v.set_fixed(3);
        v.set_huge(4);
        v.set_flag(true);
        v.set_single(0.5F);
        v.set_twice(0.25);
        v.set_text("text");
        v.set_data("\xFF");
        v.set_colour(RED);
        v.mutable_inner()->set_small(7);
        v.add_many()->set_text("first");
        v.add_many()->set_text("second");
        v.add_texts("a");
        v.add_texts("b");
        v.add_numbers(1.5);
        v.add_colours(GREEN);
        v.add_colours(RED);
        (*v.mutable_by_name())["one"] = 1;
        (*v.mutable_by_number())[2].set_text("two");
        (*v.mutable_by_flag())[true] = "yes";
        v.set_right(8);
        v.set_perhaps(0);
        v.mutable_at()->set_seconds(9);
        v.mutable_what()->PackFrom(Incremented{});
        v.mutable_number()->set_value(10);
        v.add_times()->set_seconds(11);
    });
}

}  // namespace

TEST_CASE("a message is made and filled in one expression") {
    CHECK(stele::make<Incremented>([](auto& e) { e.set_by(3); }).by() == 3);
}

TEST_CASE("fields of the same name and type are copied, of every kind") {
    const auto source = full();
    CHECK(MessageDifferencer::Equals(stele::make_from<Values>(source), source));
    CHECK(MessageDifferencer::Equals(stele::make_from<Values>(Values{}), Values{}));

    // What is set already is replaced, not added to.
    const auto twice = stele::make<Values>([&](Values& v) {
        stele::detail::copy_equal_fields(source, v);
        stele::detail::copy_equal_fields(source, v);
    });
    CHECK(MessageDifferencer::Equals(twice, source));
}

TEST_CASE("fields of another name or type are left alone") {
    Increment command;
    command.set_counter("1");
    command.set_by(5);
    const auto event = stele::make_from<Incremented>(command);
    CHECK(event.by() == 5);
    CHECK(stele::make_from<Incremented>(command, [](auto& e) { e.set_by(e.by() + 1); }).by() == 6);

    // OtherValues has the names of some fields with other types.
    const auto other = stele::make_from<OtherValues>(full());
    CHECK(other.small() == 0);       // an int64
    CHECK(other.text().empty());     // bytes
    CHECK(other.texts().empty());    // not repeated
    CHECK(other.colour() == PLAIN);  // another enum
    CHECK(other.by_name().empty());  // other values
    CHECK(other.by_number().at(2).text() == "two");
    CHECK(other.huge() == 4);
    CHECK(other.many_size() == 2);
    CHECK(other.many(1).text() == "second");
}
