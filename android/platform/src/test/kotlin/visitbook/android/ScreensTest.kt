/*
 * Screens as a whole, with activities of the framework and the real core behind them.
 */
package visitbook.android

import android.app.Activity
import android.app.Application
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.widget.EditText
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.android.controller.ActivityController
import visitbook.FOR_EVER
import visitbook.Phone
import visitbook.Working
import kotlin.time.Duration.Companion.seconds

class Entry : Activity() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(EditText(this).apply { setText("Wren said:") })
    }
}

@RunWith(RobolectricTestRunner::class)
class ScreensTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private var book: Working? = null
    private val screens = Screens { book }.apply { watch(application) }

    private fun entry(): ActivityController<Entry> = Robolectric.buildActivity(Entry::class.java)

    private val Activity.content: View get() = checkNotNull(window.decorView.findViewById<View>(android.R.id.content))

    private val Activity.top: View get() = (window.decorView as ViewGroup).run { getChildAt(childCount - 1) }

    private fun assertCovered(activity: Activity) {
        assertEquals(View.INVISIBLE, activity.content.visibility)
        assertEquals(View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS, activity.content.importantForAccessibility)
        assertTrue(activity.top.isClickable && activity.top.isOpaque && activity.top.visibility == View.VISIBLE)
    }

    @Test
    fun `every window is private before it shows anything`() {
        entry().use { page ->
            page.create()
            assertTrue(page.get().window.attributes.flags and WindowManager.LayoutParams.FLAG_SECURE != 0)
        }
    }

    @Test
    fun `one touch covers every screen, and one uncovers them as they were`() {
        entry().use { below ->
            entry().use { page ->
                below.setup()
                page.setup()
                val top = page.get().top
                screens.hide()
                screens.hide()
                listOf(below, page).forEach { assertCovered(it.get()) }
                screens.show()
                assertFalse(screens.isHidden)
                assertSame(top, page.get().top)
                assertEquals(View.VISIBLE, page.get().content.visibility)
                assertEquals(View.IMPORTANT_FOR_ACCESSIBILITY_AUTO, page.get().content.importantForAccessibility)
            }
        }
    }

    @Test
    fun `a covered screen stays covered when the phone is turned, and a new one is covered too`() {
        entry().use { page ->
            page.setup()
            screens.hide()
            page.recreate()
            assertCovered(page.get())
            entry().use { next ->
                next.setup()
                assertCovered(next.get())
                page.pause().stop()
                screens.show()
                page.restart().start().resume()
                assertEquals(View.VISIBLE, page.get().content.visibility)
            }
        }
    }

    @Test
    fun `what is being typed is saved when the app goes out of sight, and not when the phone is turned`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's left phone").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                book = phone.book
                entry().use { below ->
                    entry().use { page ->
                        below.setup()
                        page.setup()
                        phone.book.draftUpdate(visit, "saw", "Reed came in")
                        page.recreate()
                        below.pause().stop()
                        // Still a screen in sight: nothing is saved, so that saving below is by the last one's leaving.
                        assertTrue(phone.book.visit(visit).entries.isEmpty())
                        page.pause().stop()
                        withTimeout(FOR_EVER.seconds) {
                            phone.book.changes().first { phone.book.visit(visit).entries.isNotEmpty() }
                        }
                        assertEquals("Reed came in", phone.book.visit(visit).entries.single().versions[0].text)
                        book = null
                        page.start().stop()
                    }
                }
            }
        }
}
