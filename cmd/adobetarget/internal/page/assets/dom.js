// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// What records hold may be anything: it becomes text here, and never markup.

export const byID = (id) => document.getElementById(id);

// el makes an element. Properties that are functions listen, data- and aria- and the like become attributes.
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== ''));
  return made;
}

// text sets a text only where it is another, so that nothing is selected or read out anew without a reason.
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

// keep makes the children of a parent those of the items, in their order. A child stays where its item stays.
export function keep(parent, items, keyOf, create, update = () => {}) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
    update(child, item);
  }
  for (const child of before.values()) child.remove();
}

const pointers = matchMedia('(hover: hover)');

// isRead tells whether somebody points at, has the focus in, or selects something of an element.
export function isRead(element) {
  const selection = getSelection();
  return (pointers.matches && element.matches(':hover')) || element.contains(document.activeElement) ||
    (!selection.isCollapsed && element.contains(selection.anchorNode));
}
