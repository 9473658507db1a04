#include "arrakis/frame_pool.h"

#include <new>
#include <utility>

namespace arrakis {

// In front of each frame; as long as what `new` aligns to, so that the frame is aligned as well.
struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) FramePool::Head {
  FramePool* pool;  // nullptr: the heap's
  union {
    std::size_t size_class;  // while it is in use
    Head* next;              // while it is free
  };
};

FramePool::~FramePool() {
  for (Head* head : free_)
    while (head != nullptr) ::operator delete(std::exchange(head, head->next));
}

void* FramePool::take(std::size_t bytes, FramePool* pool) {
  const std::size_t all = bytes + sizeof(Head);
  if (pool == nullptr || all > pooled_max) {
    Head* head = new (::operator new(all)) Head{.pool = nullptr, .size_class = 0};
    return head + 1;
  }
  const std::size_t size_class = (all - 1) / step;
  Head*& free = pool->free_[size_class];
  Head* head = free;
  if (head != nullptr) {
    free = head->next;
  } else {
    ++pool->from_heap_;
    head = new (::operator new((size_class + 1) * step)) Head{.pool = pool, .size_class = 0};
  }
  head->size_class = size_class;
  return head + 1;
}

void FramePool::give_back(void* frame) noexcept {
  Head* head = static_cast<Head*>(frame) - 1;
  if (head->pool == nullptr) return ::operator delete(head);
  Head*& free = head->pool->free_[head->size_class];
  head->next = std::exchange(free, head);
}

}  // namespace arrakis
