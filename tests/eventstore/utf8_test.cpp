// Texts from outside in our messages.

#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>

#include <doctest/doctest.h>
#include <google/protobuf/stubs/common.h>
#include <rapidcheck.h>

#include <string>

using stele::detail::cut_utf8;
using stele::detail::repair_utf8;

namespace {

bool is_utf8(std::string_view text) {
    return google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

}  // namespace

TEST_CASE("no letter is cut into two, and nothing more than that is left out") {
    CHECK(rc::check("random texts", [] {
        const auto letters =
            *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "é", "漢", "😀"));
        std::string text;
        for (const auto& letter : letters) text += letter;
        for (std::size_t most = 0; most <= text.size() + 1; ++most) {
            const auto start = cut_utf8(text, most);
            RC_ASSERT(text.starts_with(start));
            RC_ASSERT(is_utf8(start));
            RC_ASSERT(start.size() <= most);
            RC_ASSERT(start.size() + 3 >= std::min(most, text.size()));
        }
    }));
    CHECK(cut_utf8("\x80\x80\x80\x80\x80\x80", 5).size() == 5);
}

TEST_CASE("a text is made readable, and one that is stays as it is") {
    CHECK(repair_utf8("caf\xe9, \xf0\x9f\x98") == "caf�, ���");
    CHECK(repair_utf8("Zoë 漢 😀") == "Zoë 漢 😀");
    CHECK(rc::check("random bytes", [] { RC_ASSERT(is_utf8(repair_utf8(*rc::gen::arbitrary<std::string>()))); }));
}

TEST_CASE("a refusal of a long name is readable, wherever the name is cut") {
    for (std::size_t shift = 0; shift < 4; ++shift) {
        std::string name(shift, 'a');
        while (name.size() <= stele::max_stream_name_bytes) name += "漢";
        try {
            const stele::stream_id refused{name};
            FAIL("accepted");
        } catch (const stele::error& fault) {
            CHECK(is_utf8(fault.what()));
        }
    }
}
