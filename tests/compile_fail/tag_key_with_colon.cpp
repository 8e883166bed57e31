// some diagnostic: the key of a tag has 1 to 128 bytes, no ':' and no control character
#include <stele/eventstore/tags/tag.hpp>

inline constexpr stele::tag_key<"course:run"> course_run;
auto wrong = course_run("c1");
