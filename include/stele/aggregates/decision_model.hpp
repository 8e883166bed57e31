#pragma once

#include <stele/aggregates/decision.hpp>
#include <stele/eventstore/tags/tag.hpp>

#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Decision models: rules over what several things share (docs/decision-models.md).
///
/// An aggregate decides on one stream. A decision model decides on all events with certain tags, in whatever streams
/// they are, and its decision is stored only if no other such event was appended meanwhile: its boundary is drawn for
/// each command (a dynamic consistency boundary). It is a struct like an aggregate, on the same command bus, with a
/// `boundary` in the place of a category and an instance id:
///
///     struct catalogue {
///         static constexpr auto events   = hana::tuple_t<CourseOpened, CourseRenamed>;
///         static constexpr auto commands = hana::tuple_t<OpenCourse, RenameCourse>;
///         static auto boundary(const auto& command) { return course_tag(command.course()); }   // a tag (tag.hpp)
///
///         std::string title;                                              // the state before the first event
///         stele::decision<catalogue> decide(const RenameCourse& command) const;
///         void evolve(const CourseRenamed& event);
///     };
///
/// The model folds, and its boundary is, the events of its list `events` that carry the tag. `boundary` returns
///
///     course_tag(c.course())                                          events with this tag
///     stele::tags(course_tag(c.course()), student_tag(c.student()))       events with both
///     stele::any_of(course_tag(c.course()), student_tag(c.student()))     events with one of them, or both
///     stele::parts(…)                                             what the members of the model fold, see part()
///
/// Several tags in a std::vector are stele::any_of(seats), one of them, or stele::tags(seats), all of them: a vector
/// by itself says neither, and does not compile.
///
/// It is static and pure: which events are decided on depends on the command alone.
///
/// The events of a command are appended to the stream of the first tag in its boundary, `course:c1` to "course-c1"; if
/// the list of the first part is empty, of the first one after it. A
/// model may name another: `static stele::stream_id stream(const auto& command)`. The stream says where events are
/// kept, read and removed together; it takes no part in the decision.
///
/// What is missing or does not fit is a compile error that says what to add; so is a boundary by a tag that none of the
/// events carries.
namespace stele::inline v0 {

/// Events that carry all tags of one of several sets. Made by any_of(). `Sets` are types tag_set, and lists of them.
template <class... Sets>
class tag_choice {
public:
    /// For any_of(). The key is of the first tag of the first set, and a constant.
    tag_choice(std::vector<tag_list> sets, std::string_view first_key)
        : sets_(std::move(sets)), first_key_(first_key) {}

    /// The sets; none if all lists were empty.
    [[nodiscard]] const std::vector<tag_list>& sets() const& noexcept { return sets_; }
    [[nodiscard]] std::vector<tag_list> sets() && { return std::move(sets_); }  ///< By value, of a temporary.
    /// The key of the tag that was named first; empty if there is none.
    [[nodiscard]] std::string_view first_key() const noexcept { return first_key_; }

private:
    std::vector<tag_list> sets_;
    std::string_view first_key_;
};

/// What one member of a decision model folds. Made by part().
template <class Model, class Part, class Choice>
struct model_part {
    Part Model::* member;  ///< Where it is in the model.
    Choice choice;         ///< Which events it folds.
};

/// What the members of a decision model fold. Made by parts().
template <class... Parts>
struct model_parts {
    std::tuple<Parts...> all;  ///< Each a model_part.
};

namespace detail {

/// As many sets as a list has at run time: perhaps none.
template <class Set>
struct any_number {};

template <class Tag>
struct set_of_alternative {};
template <class Key>
struct set_of_alternative<tag<Key>> {
    using type = tag_set<Key>;
};
template <class Key, class... Keys>
struct set_of_alternative<tag_set<Key, Keys...>> {
    using type = tag_set<Key, Keys...>;
};
template <class Tag>
    requires requires { typename set_of_alternative<Tag>::type; }
struct set_of_alternative<std::vector<Tag>> {
    using type = any_number<typename set_of_alternative<Tag>::type>;
};

template <class Tag>
concept is_alternative = requires { typename set_of_alternative<Tag>::type; };

/// The key of the first tag of a set.
template <class Set>
struct key_of_set {};
template <class Key, class... Keys>
struct key_of_set<tag_set<Key, Keys...>> {
    static constexpr std::string_view name() { return Key::name(); }
};
template <class Set>
struct key_of_set<any_number<Set>> : key_of_set<Set> {};

/// What any_of() collects.
struct alternatives {
    std::vector<tag_list> sets = {};
    std::string_view first_key = {};
};

template <class Tag>
void add_alternative(alternatives& to, const Tag& one) {
    if (to.sets.empty()) to.first_key = key_of_set<typename set_of_alternative<Tag>::type>::name();
    to.sets.push_back(as_tag_set(one).list());
}
template <class Tag>
void add_alternative(alternatives& to, const std::vector<Tag>& several) {
    for (const auto& each : several) add_alternative(to, each);
}

/// Several tags that say nothing of one or all.
template <class Type>
struct is_bare_list : std::false_type {};
template <is_alternative Tag>
struct is_bare_list<std::vector<Tag>> : std::true_type {};

template <class... Sets>
tag_choice<Sets...> as_choice(tag_choice<Sets...> choice) {
    return choice;
}
template <is_alternative Tag>
    requires(!is_bare_list<Tag>::value)
auto as_choice(const Tag& one) {
    using set = typename set_of_alternative<Tag>::type;
    return tag_choice<set>{{as_tag_set(one).list()}, key_of_set<set>::name()};
}

template <class Type>
concept makes_choice = requires(const Type& value) { as_choice(value); };

template <class Tags>
consteval void check_one_or_all() {
    static_assert(!is_bare_list<Tags>::value,
                  "several tags: say stele::any_of(seats) (one of them) or stele::tags(seats) (all of them)");
}

template <class Type>
struct is_model_part : std::false_type {};
template <class Model, class Part, class Choice>
struct is_model_part<model_part<Model, Part, Choice>> : std::true_type {};

}  // namespace detail

/// The events that carry one of several tags, or more of them: each alternative is a tag, or tags() which an event must
/// carry together, or a std::vector of these whose number is known only at run time. Of an empty one: no event.
template <class... Alternatives>
[[nodiscard]] auto any_of(const Alternatives&... alternatives) {
    static_assert(sizeof...(Alternatives) > 0 && (detail::is_alternative<Alternatives> && ...),
                  "stele::any_of takes tags that a stele::tag_key has made, `course_tag(command.course())`, or "
                  "`stele::tags(…)`, or a std::vector of them");
    if constexpr (sizeof...(Alternatives) > 0 && (detail::is_alternative<Alternatives> && ...)) {
        detail::alternatives all;
        (detail::add_alternative(all, alternatives), ...);
        return tag_choice<typename detail::set_of_alternative<Alternatives>::type...>{std::move(all.sets),
                                                                                      all.first_key};
    }
}

/// A part of a decision model: a member, which is a struct with `events` and `evolve`, and the tag of the events that
/// it folds, or tags(), or any_of(), as in a boundary. Each part folds the events of its own list that carry its own
/// tag, so a rule about courses never sees the events of another course that the same student attends:
///
///     struct enrolment {
///         static constexpr auto events   = hana::tuple_t<StudentEnrolled>;      // what it decides
///         static constexpr auto commands = hana::tuple_t<Enrol>;
///         static auto boundary(const Enrol& c) {
///             return stele::parts(stele::part(&enrolment::seats, course_tag(c.course())),
///                                 stele::part(&enrolment::timetable, student_tag(c.student())));
///         }
///         course_seats seats;                                                   // folds of their own
///         student_timetable timetable;
///         …
///     };
///
/// A part by any_of() of an empty list folds nothing, and nothing can be in its way. A boundary in which no part names
/// a tag is an error (invalid_argument), and so is tags() of an empty list: it would mean all events.
template <class Model, class Part, class Tags>
[[nodiscard]] auto part(Part Model::* member, const Tags& tags) {
    detail::check_one_or_all<Tags>();
    static_assert(
        detail::makes_choice<Tags> || detail::is_bare_list<Tags>::value,
        "stele::part takes a member of the model and the tag of the events that it folds: "
        "`stele::part(&enrolment::seats, course_tag(command.course()))`; for several tags there are stele::tags "
        "and stele::any_of");
    if constexpr (detail::makes_choice<Tags>)
        return model_part<Model, Part, decltype(detail::as_choice(tags))>{member, detail::as_choice(tags)};
}

/// The parts of a decision model. All are folded in one read, and the boundary is what any of them folds.
template <class... Parts>
[[nodiscard]] auto parts(Parts... each) {
    static_assert(sizeof...(Parts) > 0 && (detail::is_model_part<Parts>::value && ...),
                  "stele::parts takes what stele::part returns: "
                  "`stele::parts(stele::part(&enrolment::seats, course_tag(command.course())), …)`");
    if constexpr (sizeof...(Parts) > 0 && (detail::is_model_part<Parts>::value && ...))
        return model_parts<Parts...>{{std::move(each)...}};
}

}  // namespace stele::inline v0
